"""Fails if the lock file names a host, lacks a hash, or lacks a dependency that pyproject.toml names."""

import re
import sys
import tomllib
from pathlib import Path

lock = Path(sys.argv[1]).read_text(encoding="utf-8")
project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
problems = [f"names an address: {line}" for line in lock.splitlines() if "://" in line]


def normal(name: str) -> str:
    """A package's name as PEP 503 writes it."""
    return re.sub(r"[-_.]+", "-", name).lower()


pinned = {normal(name) for name in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", lock, re.MULTILINE)}
blocks = [block for block in re.split(r"\n(?=[A-Za-z0-9])", lock) if "==" in block.split("\n")[0]]
problems += [f"no hash: {block.splitlines()[0]}" for block in blocks if "--hash=sha256:" not in block]
extras = project["optional-dependencies"]
wanted = [*project["dependencies"], *extras["postgres"], *extras["web"]]
for requirement in wanted:
    name = normal(re.split(r"[\[<>=;! ]", requirement)[0])
    if name not in pinned:
        problems.append(f"{name} is a dependency, but not locked")
print("\n".join(problems) or f"{len(pinned)} packages locked with hashes")
sys.exit(bool(problems))

"""What Discord refuses in message components and modals (D36, D37), by its component reference."""

from __future__ import annotations

from collections.abc import Iterator

from .errors import Form, Json

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = frozenset({3, 5, 6, 7, 8})
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER, LABEL = 9, 10, 11, 12, 13, 14, 17, 18
LINK, PREMIUM = 5, 6
LAYOUT = frozenset({ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER})
IN_LABEL = frozenset({TEXT_INPUT, 19, 21, 22, 23}) | SELECTS


def check_components(form: Form, components: list[Json], *, v2: bool) -> None:
    """Record the errors of a message's components."""
    allowed = LAYOUT if v2 else frozenset({ROW})
    if not v2 and len(components) > 5:
        form.add("components", "BASE_TYPE_BAD_LENGTH", "Must be between 0 and 5 in length.")
    for number, component in enumerate(components):
        _layout(form, f"components.{number}", component, allowed)
    everything = list(_walk(components))
    if v2:
        if len(everything) > 40:
            form.add(
                "components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", "Must be 40 or fewer components in total."
            )
        if sum(len(c.get("content") or "") for c in everything if c.get("type") == TEXT) > 4000:
            form.add("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", "Text is longer than 4000 in total.")
    _unique(form, everything)


def check_modal(data: Json) -> None:
    """Check an interaction callback of type 9.

    Raises:
        ApiError: 400 when title, id or a component breaks a rule.
    """
    form = Form()
    form.length("data.title", data.get("title"), 1, 45)
    form.length("data.custom_id", data.get("custom_id"), 1, 100)
    components = data.get("components") or []
    if not 1 <= len(components) <= 5:
        form.add("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    for number, component in enumerate(components):
        at = f"data.components.{number}"
        kind = component.get("type")
        if kind == ROW:
            inner = component.get("components") or []
            if len(inner) != 1 or inner[0].get("type") != TEXT_INPUT:
                form.add(f"{at}.components", "BASE_TYPE_BAD_LENGTH", "A row of a modal holds one text input.")
            for item in inner:
                _text_input(form, f"{at}.components.0", item, labelled=False)
        elif kind == LABEL:
            form.length(f"{at}.label", component.get("label"), 1, 45)
            form.most(f"{at}.description", component.get("description"), 100)
            _in_label(form, f"{at}.component", component.get("component") or {})
        elif kind != TEXT:
            form.add(f"{at}.type", "UNION_TYPE_CHOICES", f"Component type {kind} cannot stand in a modal.")
    _unique(form, list(_walk(components)))
    form.check()


def _in_label(form: Form, at: str, item: Json) -> None:
    kind = item.get("type")
    if kind not in IN_LABEL:
        form.add(f"{at}.type", "UNION_TYPE_CHOICES", f"Component type {kind} cannot stand in a label.")
    elif kind == TEXT_INPUT:
        _text_input(form, at, item, labelled=True)
    elif kind in SELECTS:
        _select(form, at, item)
    else:
        form.length(f"{at}.custom_id", item.get("custom_id"), 1, 100)


def _text_input(form: Form, at: str, item: Json, *, labelled: bool) -> None:
    form.length(f"{at}.custom_id", item.get("custom_id"), 1, 100)
    if item.get("style") not in {1, 2}:
        form.add(f"{at}.style", "BASE_TYPE_CHOICES", "Value must be one of 1, 2.")
    if not labelled:
        form.length(f"{at}.label", item.get("label"), 1, 45)
    elif item.get("label") is not None:
        form.add(f"{at}.label", "COMPONENT_LABEL_NOT_ALLOWED", "A text input in a label has no label of its own.")
    form.most(f"{at}.placeholder", item.get("placeholder"), 100)
    form.most(f"{at}.value", item.get("value"), 4000)
    low, high = item.get("min_length"), item.get("max_length")
    if low is not None and not 0 <= low <= 4000:
        form.add(f"{at}.min_length", "NUMBER_TYPE_MAX", "int value should be between 0 and 4000.")
    if high is not None and not 1 <= high <= 4000:
        form.add(f"{at}.max_length", "NUMBER_TYPE_MAX", "int value should be between 1 and 4000.")
    if item.get("value") and high is not None and len(item["value"]) > high:
        form.add(f"{at}.value", "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")


def _layout(form: Form, at: str, component: Json, allowed: frozenset[int]) -> None:
    kind = component.get("type")
    if kind not in allowed:
        form.add(f"{at}.type", "UNION_TYPE_CHOICES", f'Value of field "type" must be one of {sorted(allowed)}.')
    elif kind == ROW:
        _row(form, at, component)
    elif kind == CONTAINER:
        children = component.get("components") or []
        if not children:
            form.add(f"{at}.components", "BASE_TYPE_BAD_LENGTH", "Must be 1 or more in length.")
        for number, child in enumerate(children):
            _layout(form, f"{at}.components.{number}", child, LAYOUT - {CONTAINER})
    elif kind == SECTION:
        children = component.get("components") or []
        if not 1 <= len(children) <= 3 or any(child.get("type") != TEXT for child in children):
            form.add(f"{at}.components", "BASE_TYPE_BAD_LENGTH", "Must be 1 to 3 text displays.")
        accessory = component.get("accessory") or {}
        if accessory.get("type") == BUTTON:
            _button(form, f"{at}.accessory", accessory)
        elif accessory.get("type") != THUMBNAIL:
            form.add(f"{at}.accessory", "UNION_TYPE_CHOICES", "Must be a button or a thumbnail.")
    elif kind == TEXT:
        form.length(f"{at}.content", component.get("content"), 1, 4000)
    elif kind == GALLERY and not 1 <= len(component.get("items") or []) <= 10:
        form.add(f"{at}.items", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 10 in length.")


def _row(form: Form, at: str, row: Json) -> None:
    items = row.get("components") or []
    kinds = {item.get("type") for item in items}
    if not 1 <= len(items) <= 5:
        form.add(f"{at}.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    if kinds & SELECTS and len(items) > 1:
        form.add(
            f"{at}.components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width"
        )
    for number, item in enumerate(items):
        inner = f"{at}.components.{number}"
        if item.get("type") == BUTTON:
            _button(form, inner, item)
        elif item.get("type") in SELECTS:
            _select(form, inner, item)
        else:
            form.add(f"{inner}.type", "UNION_TYPE_CHOICES", "A row holds buttons or a select.")


def _button(form: Form, at: str, button: Json) -> None:
    style = button.get("style")
    if style not in {1, 2, 3, 4, LINK, PREMIUM}:
        form.add(f"{at}.style", "BASE_TYPE_CHOICES", "Value must be one of 1, 2, 3, 4, 5, 6.")
    form.most(f"{at}.label", button.get("label"), 80)
    if style == LINK:
        form.length(f"{at}.url", button.get("url"), 1, 512)
        if not str(button.get("url")).startswith(("http://", "https://", "discord://")):
            form.add(f"{at}.url", "BUTTON_COMPONENT_INVALID_URL", "Not a well formed URL.")
        if button.get("custom_id"):
            form.add(
                f"{at}.custom_id", "BUTTON_COMPONENT_CUSTOM_ID_AND_URL", "A custom id and url cannot both be specified"
            )
    elif style != PREMIUM:
        form.length(f"{at}.custom_id", button.get("custom_id"), 1, 100)
    if style != PREMIUM and not button.get("label") and not button.get("emoji"):
        form.add(f"{at}.label", "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A label or emoji is required")


def _select(form: Form, at: str, select: Json) -> None:
    form.length(f"{at}.custom_id", select.get("custom_id"), 1, 100)
    form.most(f"{at}.placeholder", select.get("placeholder"), 150)
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    if not 0 <= low <= 25 or not 1 <= high <= 25 or low > high:
        form.add(f"{at}.max_values", "NUMBER_TYPE_MAX", "min_values is 0 to 25, max_values 1 to 25 and not below it.")
    if select.get("type") != STRING_SELECT:
        return
    options = select.get("options") or []
    if not 1 <= len(options) <= 25:
        form.add(f"{at}.options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
    if high > max(len(options), 1):
        form.add(f"{at}.max_values", "SELECT_COMPONENT_MAX_VALUES", "Must not be more than the options.")
    values = [option.get("value") for option in options]
    if len(set(values)) != len(values):
        form.add(
            f"{at}.options", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used"
        )
    for number, option in enumerate(options):
        form.length(f"{at}.options.{number}.label", option.get("label"), 1, 100)
        form.length(f"{at}.options.{number}.value", option.get("value"), 1, 100)
        form.most(f"{at}.options.{number}.description", option.get("description"), 100)


def _walk(components: list[Json]) -> Iterator[Json]:
    for component in components:
        yield component
        yield from _walk(component.get("components") or [])
        for name in ("accessory", "component"):
            if isinstance(component.get(name), dict):
                yield from _walk([component[name]])


def _unique(form: Form, components: list[Json]) -> None:
    ids = [c["custom_id"] for c in components if c.get("custom_id")]
    for twice in sorted({custom_id for custom_id in ids if ids.count(custom_id) > 1}):
        form.add("components", "COMPONENT_CUSTOM_ID_DUPLICATED", f"Component custom id cannot be duplicated: {twice}")

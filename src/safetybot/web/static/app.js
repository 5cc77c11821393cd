/* Makes the pages nicer where scripts run: times in the reader's zone, keys for the review. All works without. */
"use strict";

document.documentElement.classList.add("scripted");

const zoned = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
});
function inZone(part) {
  for (const time of part.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) {
      time.title = time.textContent;
      time.textContent = zoned.format(at);
    }
  }
}
inZone(document);

/* On a narrow screen the menu is wider than the page: show where one is. */
document.querySelector(".top nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

/* One press of a key is one button or link that names it; never while somebody types, never with a modifier. */
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat) {
    return;
  }
  const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (wanted) {
    event.preventDefault();
    wanted.click();
  }
});

/* A false alarm needs a reason: ask for it before the page is sent. */
for (const button of document.querySelectorAll("[data-needs-reason]")) {
  button.addEventListener("click", (event) => {
    const reason = button.form.querySelector("[data-reason]");
    if (!reason.value.trim()) {
      event.preventDefault();
      reason.setAttribute("aria-invalid", "true");
      reason.focus();
    }
  });
}

/* Sent once, however often it is pressed. */
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = "yes";
  window.setTimeout(() => { delete event.target.dataset.sent; }, 4000);
});

/* Following the log: the same page again every few seconds, and of it the rows; the server made them safe to show. */
for (const box of document.querySelectorAll("[data-follow]")) {
  const kept = document.getElementById(box.dataset.follow);
  box.checked = false;
  window.setInterval(async () => {
    if (!box.checked || document.hidden) {
      return;
    }
    const answer = await fetch(window.location.href, { redirect: "error" }).catch(() => null);
    if (!answer || !answer.ok) {
      box.checked = false;
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(box.dataset.follow);
    if (fresh) {
      inZone(fresh);
      kept.replaceChildren(...fresh.childNodes);
    }
  }, 5000);
}

/* The console's small behaviours; every page works without them. */
(() => {
  const toggleTheme = () => {
    const theme = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    document.documentElement.dataset.bsTheme = theme;
    try {
      localStorage.setItem("llmhub-theme", theme);
    } catch {
      /* a browser without storage keeps the theme for this page */
    }
  };

  const copied = (button) => {
    const label = button.getAttribute("aria-label");
    button.classList.add("is-copied");
    button.setAttribute("aria-label", "Copied");
    setTimeout(() => {
      button.classList.remove("is-copied");
      button.setAttribute("aria-label", label);
    }, 1500);
  };

  /* data-copy="text", or data-copy-from="#id" for what an element shows. */
  const copy = async (button) => {
    const from = button.dataset.copyFrom && document.querySelector(button.dataset.copyFrom);
    const text = from ? from.value || from.textContent : button.dataset.copy;
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyBySelection(text);
    copied(button);
  };

  /* navigator.clipboard does not exist on plain http. */
  const copyBySelection = (text) => {
    const area = document.createElement("textarea");
    area.className = "visually-hidden";
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };

  const isTyping = (element) => element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-toggle]")) toggleTheme();
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (button) copy(button);
  });

  /* What is shown to be copied is selected whole. */
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-select-all]")) event.target.select();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    const search = document.querySelector("[data-search]");
    if (!search) return;
    event.preventDefault();
    search.focus();
    search.select();
  });

  /* A form that cannot be undone asks first: <form data-confirm="Revoke this key?">. */
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  /* What follows the present listens to `tick`; nobody is asked for a page that nobody sees. */
  setInterval(() => {
    if (document.visibilityState === "visible") document.body.dispatchEvent(new Event("tick"));
  }, 10_000);

  /* It does not move under somebody who points at it, has the focus in it or selects something in it. */
  const isRead = (place) =>
    place.matches(":hover") ||
    place.contains(document.activeElement) ||
    (!window.getSelection().isCollapsed && place.contains(window.getSelection().anchorNode));

  document.addEventListener("htmx:beforeRequest", (event) => {
    const cause = event.detail.requestConfig.triggeringEvent;
    if (!cause || cause.type !== "tick" || !event.detail.elt.matches("[data-holds]")) return;
    if (isRead(event.detail.elt)) event.preventDefault();
  });

  /* A failed swap says so instead of doing nothing. */
  const complain = (event) => {
    if (event.detail.elt && event.detail.elt.closest("[data-quiet]")) return;
    const place = document.querySelector("#messages");
    if (!place) return;
    const alert = document.createElement("div");
    alert.className = "alert alert-danger";
    alert.setAttribute("role", "alert");
    alert.textContent = "The server did not answer as expected. Reload the page and try again.";
    place.replaceChildren(alert);
  };
  document.addEventListener("htmx:responseError", complain);
  document.addEventListener("htmx:sendError", complain);
})();

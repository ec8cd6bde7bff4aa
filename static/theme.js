/* Runs before the first paint: takes the chosen theme, else the system's. */
(() => {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("llmhub-theme");
    } catch {
      return null;
    }
  };
  const apply = () => {
    document.documentElement.dataset.bsTheme = chosen() || (system.matches ? "dark" : "light");
  };
  system.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  apply();
})();

// Blocking on purpose and a file of its own: the page must not flash, and its policy forbids inline scripts.
(() => {
  let wish = "system";
  try {
    wish = localStorage.getItem("uci.theme") || "system";
  } catch {
    // Storage may be forbidden; the system's choice is good enough.
  }
  const dark = wish === "dark" || (wish !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  document.querySelector('meta[name="theme-color"]').content = dark ? "#161412" : "#fdfcfa";
})();

/** What runs inside the measured page, as text: the rest of the benchmark knows no browser's types. */
export const pageScripts = {
  /** Keeps the long tasks the browser reports. */
  watchTasks: `
    window.longTasks = [];
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longTasks.push(duration);
    }).observe({ type: "longtask" });`,
  takeTasks: "window.longTasks.splice(0)",
  /** Whether what follows after the composer has come: a visit's first chat is opened later than that. */
  hasMarkdown: `performance.getEntriesByType("resource").some(({ name }) => name.includes("/markdown-"))`,
  nextFrame: "new Promise((resolve) => requestAnimationFrame(() => resolve(null)))",
  /** Milliseconds from a click on the chat with this title until its last answer is set and shown. */
  openChat: (title: string) => `new Promise((resolve) => {
    const link = [...document.querySelectorAll("a")].find((one) => one.textContent.includes(${JSON.stringify(title)}));
    const startedMs = performance.now();
    link.click();
    const look = () => {
      if (document.querySelector("[data-testid=message-assistant] .answer-block") === null) requestAnimationFrame(look);
      else requestAnimationFrame(() => resolve(performance.now() - startedMs));
    };
    look();
  })`,
} as const;

/** Lets the browser fetch a file of ours and keep it; the cookie goes along. */
export function download(path: string): void {
  const link = document.createElement("a");
  link.href = path;
  link.download = "";
  document.body.append(link);
  link.click();
  link.remove();
}

export function downloadSession(sessionId: string, format: "json" | "markdown"): void {
  download(`/api/sessions/${encodeURIComponent(sessionId)}/export?format=${format}`);
}

import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compressedFiles } from "./compressed-files.ts";

export default defineConfig({
  plugins: [react(), tailwindcss(), compressedFiles()],
  build: {
    target: "es2023",
    // The page's policy allows nothing but files of its own origin: no data: URIs for fonts or icons.
    assetsInlineLimit: 0,
    reportCompressedSize: true,
    // The grammars of the code colours are large, and each is fetched only with the first code in its language.
    chunkSizeWarningLimit: 1_000,
  },
  // Modules, so that the worker that colours code fetches each grammar when it is needed.
  worker: { format: "es" },
  server: {
    host: "127.0.0.1",
    proxy: {
      "/api": { target: "http://127.0.0.1:8080", changeOrigin: false },
    },
  },
});

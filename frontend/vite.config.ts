/** src/index.tsx → one ES module, its styles inlined, where the Python package serves it. */

import { defineConfig } from "vite";

export default defineConfig({
  publicDir: false,
  build: {
    target: "es2022",
    outDir: "../tensorboard_plugin_attn/static",
    emptyOutDir: true,
    rolldownOptions: { output: { minify: true } }, // a library of this format is else only half minified
    reportCompressedSize: true,
    lib: { entry: "src/index.tsx", formats: ["es"], fileName: () => "index.js" },
  },
});

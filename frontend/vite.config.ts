/**
 * src/index.tsx → where the Python package serves it: `index.js`, which fetches a second file once its first picture
 * stands, and, built with `--mode page`, `page.js`: the same in one file, for pages that stand alone. Styles are inlined.
 */

import { minify } from "terser";
import { defineConfig, type Plugin } from "vite";

/** What the bundler's own minifier leaves: 3 % of the bundle. */
const minifyAgain: Plugin = {
  name: "minify-again",
  async generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle))
      if (chunk.type === "chunk") {
        const format = { ascii_only: true }; // a browser holds and reads such a script at one byte a character
        const options = { module: true, ecma: 2020, compress: { passes: 3 }, format } as const;
        chunk.code = (await minify(chunk.code, options)).code!;
      }
  },
};

/** The page has its parts from the start; a file that holds a second one would begin each of its modules by a call. */
const inOneFile: Plugin = {
  name: "in-one-file",
  transform: (code, id) =>
    id.endsWith("/views/later.tsx")
      ? `import * as parts_ from "./on_demand";${code.replace('import("./on_demand")', "Promise.resolve(parts_)")}`
      : undefined,
};

export default defineConfig(({ mode }) => {
  const isPage = mode === "page";
  return {
    publicDir: false,
    plugins: isPage ? [inOneFile, minifyAgain] : [minifyAgain],
    build: {
      target: "es2022",
      outDir: "../tensorboard_plugin_attn/static",
      emptyOutDir: !isPage,
      reportCompressedSize: true,
      lib: {
        entry: "src/index.tsx",
        formats: ["es"],
        fileName: () => (isPage ? "page.js" : "index.js"),
      },
      rolldownOptions: {
        preserveEntrySignatures: "allow-extension", // the second file imports from the first
        output: {
          minify: true, // a library of this format is else only half minified
          chunkFileNames: "[name]-[hash].js",
        },
      },
    },
  };
});

/** Tests beside the sources and under tests/; a file that needs a DOM says so in its first line. */

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.{ts,tsx}", "tests/**/*.test.{ts,tsx}"],
    environment: "node",
    maxWorkers: 2,
  },
});

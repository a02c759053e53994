import { defineConfig } from "vitest/config"
import { source, sourceAliases } from "./test/publicModules.js"

export default defineConfig({
  resolve: {
    alias: [
      { find: /^effect-keystoneauth$/, replacement: `${source}index.ts` },
      ...Object.entries(sourceAliases).map(([name, replacement]) => ({ find: new RegExp(`^${name}$`), replacement }))
    ]
  },
  test: {
    coverage: { provider: "v8", include: ["src"], reporter: ["text-summary", "text"] },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/{browser,openstack}/**"],
          testTimeout: 30_000
        }
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          globalSetup: "test/browser/globalSetup.ts",
          hookTimeout: 60_000,
          testTimeout: 60_000
        }
      },
      {
        extends: true,
        test: {
          name: "openstack",
          include: ["test/openstack/**/*.test.ts"],
          globalSetup: "test/openstack/globalSetup.ts",
          setupFiles: "test/openstack/environment.ts",
          pool: "forks",
          poolOptions: { forks: { singleFork: true } },
          testTimeout: 60_000
        }
      }
    ]
  }
})

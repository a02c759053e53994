/** URLs of Keystone's API, from an auth URL as users configure it. */
import * as Either from "effect/Either"
import type { InvalidOptions } from "../Errors.js"
import * as Url from "../safety/url.js"

/** Validates an auth URL. `module` is named in the error. */
export const fromPerson = (authUrl: string, module: string): Either.Either<string, InvalidOptions> =>
  Url.fromPerson(authUrl, { module, option: "authUrl", example: "https://keystone.example.com/v3" })

/**
 * A path of the v3 API. Keystone may be at any path; `/v3` is appended unless the path ends with `v3`. As in
 * keystoneauth, a name that ends with `v3` counts too.
 */
export const v3 = (authUrl: string, path: string): string => {
  const base = Url.withoutTrailingSlashes(authUrl)
  const hasPath = base.includes("/", base.indexOf("://") + 3)
  return `${hasPath && base.endsWith("v3") ? base : `${base}/v3`}${path}`
}

/** The URL for tokens. `?nocatalog` leaves the catalog out of them. */
export const tokens = (authUrl: string, includeCatalog: boolean | undefined): string =>
  `${v3(authUrl, "/auth/tokens")}${includeCatalog === false ? "?nocatalog" : ""}`

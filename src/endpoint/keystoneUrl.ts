/** URLs of Keystone. */
import * as Either from "effect/Either"
import type { InvalidOptions } from "../Errors.js"
import * as Url from "../safety/url.js"

/** Where Keystone is, as a person wrote it, or why that is no URL of Keystone. */
export const fromPerson = (authUrl: string, module: string): Either.Either<string, InvalidOptions> =>
  Url.fromPerson(authUrl, { module, option: "authUrl", example: "https://keystone.example.com/v3" })

/** Any path may lead to Keystone; `/v3` is added unless the path ends with it (or in a name that does, as in keystoneauth). */
export const v3 = (authUrl: string, path: string): string => {
  const base = Url.withoutTrailingSlashes(authUrl)
  const hasPath = base.includes("/", base.indexOf("://") + 3)
  return `${hasPath && base.endsWith("v3") ? base : `${base}/v3`}${path}`
}

/** Where tokens are, with or without the catalog in them. */
export const tokens = (authUrl: string, includeCatalog: boolean | undefined): string =>
  `${v3(authUrl, "/auth/tokens")}${includeCatalog === false ? "?nocatalog" : ""}`

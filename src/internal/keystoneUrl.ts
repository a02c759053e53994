/** Any path may lead to Keystone; `/v3` is added unless it is there. */
export const v3 = (authUrl: string, path: string): string => {
  const base = authUrl.replace(/\/+$/, "")
  return `${base.endsWith("/v3") ? base : `${base}/v3`}${path}`
}

/** Where tokens are, with or without the catalog in them. */
export const tokens = (authUrl: string, includeCatalog: boolean | undefined): string =>
  `${v3(authUrl, "/auth/tokens")}${includeCatalog === false ? "?nocatalog" : ""}`

/** Any path may lead to Keystone; `/v3` is added unless the path ends with it (or in a name that does, as in keystoneauth). */
export const v3 = (authUrl: string, path: string): string => {
  const base = authUrl.replace(/\/+$/, "")
  return `${/^\w+:\/\/[^/]+\/.*v3$/.test(base) ? base : `${base}/v3`}${path}`
}

/** Where tokens are, with or without the catalog in them. */
export const tokens = (authUrl: string, includeCatalog: boolean | undefined): string =>
  `${v3(authUrl, "/auth/tokens")}${includeCatalog === false ? "?nocatalog" : ""}`

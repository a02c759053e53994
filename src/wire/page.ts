/** Programs in a page or worker of a browser: what the browser hides, blocks and does not send. */

/**
 * The origin of the page, or `"null"` if it has none (a file, a sandbox). Undefined outside browsers, where CORS does
 * not apply.
 */
export const origin = (): string | undefined => typeof globalThis.origin === "string" ? globalThis.origin : undefined

/** Whether a browser applies the rules of CORS to this URL. */
export const isForeign = (url: string): boolean => {
  const page = origin()
  return page !== undefined && new URL(url).origin !== page
}

/** The reason why a header of Keystone is missing in a page: browsers hide headers that the server does not expose. */
export const hidden = (header: string): string =>
  `the browser hides its ${header} header: Keystone must allow pages to read it (Access-Control-Expose-Headers; ` +
  "[cors] expose_headers in keystone.conf)"

/** Browsers allow these hosts for any scheme. */
const isLoopback = (hostname: string): boolean =>
  /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)

/**
 * Possible reasons for "Failed to fetch", which is all that a browser reports. Undefined outside browsers and for the
 * page's own origin.
 */
export const explainFailure = (url: string, sendsStream: boolean): string | undefined => {
  const page = origin()
  if (page === undefined || !isForeign(url)) {
    return undefined
  }
  const { hostname, password, protocol, username } = new URL(url)
  if (username !== "" || password !== "") {
    // the browser's own message is clear
    return undefined
  }
  if (page.startsWith("https:") && protocol === "http:" && !isLoopback(hostname)) {
    return "a page that was loaded over https may not send requests to http addresses (mixed content)"
  }
  const stream = sendsStream ? ", or the body is a stream, which browsers send over HTTP/2 only, if at all" : ""
  return "the browser gives no reason. Either there is no connection, or the server does not allow pages of " +
    `${page} to send this request (CORS: Access-Control-Allow-Origin, -Methods and -Headers; [cors] allowed_origin ` +
    `in OpenStack)${stream}`
}

/** The page or worker of a browser that a program may run in: what its browser hides, blocks and refuses to send. */

/**
 * Its origin, `"null"` for one that has none of its own (a file, a sandbox). Only browsers have this: elsewhere it is
 * undefined, and so are the rules of CORS.
 */
export const origin = (): string | undefined => typeof globalThis.origin === "string" ? globalThis.origin : undefined

/** Does a browser apply the rules of CORS to this URL? */
export const isForeign = (url: string): boolean => {
  const page = origin()
  return page !== undefined && new URL(url).origin !== page
}

/** Why a header of Keystone's is missing, where a browser hides what pages are not allowed to read. */
export const hidden = (header: string): string =>
  `the browser hides its ${header} header: Keystone must allow pages to read it (Access-Control-Expose-Headers; ` +
  "[cors] expose_headers in keystone.conf)"

/** Browsers take these for safe, whatever their scheme. */
const isLoopback = (hostname: string): boolean =>
  /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)

/**
 * What may be behind "Failed to fetch": the page is told nothing else, for whatever reason. Undefined outside browsers
 * and for the page's own origin.
 */
export const explainFailure = (url: string, sendsStream: boolean): string | undefined => {
  const page = origin()
  if (page === undefined || !isForeign(url)) {
    return undefined
  }
  const { hostname, password, protocol, username } = new URL(url)
  if (username !== "" || password !== "") {
    // what it says of these is clear
    return undefined
  }
  if (page.startsWith("https:") && protocol === "http:" && !isLoopback(hostname)) {
    return "a page that came over https may not ask an http address (mixed content)"
  }
  const stream = sendsStream ? ", or its body is a stream, which browsers send over HTTP/2 only, if at all" : ""
  return "the browser does not say why. Either there is no connection, or the server does not allow pages of " +
    `${page} to send this request (CORS: Access-Control-Allow-Origin, -Methods and -Headers; [cors] allowed_origin in ` +
    `OpenStack)${stream}`
}

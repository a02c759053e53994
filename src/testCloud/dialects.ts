/** The formats of the services' errors and version documents. */
import type { Answer, Dialect, VersionDefinition } from "./model.js"

/** An error to be formatted. */
interface Refusal {
  readonly status: number
  readonly message: string | undefined
  readonly requestId: string
  /** The Accept header, by which Glance's framework chooses between JSON and HTML. */
  readonly accept: string | undefined
  readonly microversion: string | undefined
  readonly version: VersionDefinition | undefined
}

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  409: "Conflict",
  413: "Request Entity Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout"
}

const titleOf = (status: number) => titles[status] ?? "Error"

const authenticationRequired = "The request you have made requires authentication."

const malformedRequest =
  "The server could not comply with the request since it is either malformed or otherwise incorrect."

const explanations: Readonly<Record<number, string>> = {
  400: malformedRequest,
  401:
    "This server could not verify that you are authorized to access the document you requested. Either you supplied " +
    "the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials " +
    "required.",
  403: "Access was denied to this resource.",
  404: "The resource could not be found.",
  406: "The resource could not be generated that was acceptable to your browser (content of type application/json. ",
  429: "You have sent too many requests in a given amount of time.",
  500: "The server has either erred or is incapable of performing the requested operation.",
  503: "The server is currently unavailable. Please try again at a later time."
}

const explanationOf = (status: number) => explanations[status] ?? titleOf(status)

/** An error of Keystone. */
export const keystoneError = (status: number, message: string | undefined): Answer => ({
  status,
  json: {
    error: {
      code: status,
      message: message ?? (status === 401 ? authenticationRequired : explanationOf(status)),
      title: titleOf(status)
    }
  }
})

export const unauthorized = keystoneError(401, undefined)

export const badRequest = (message: string): Answer =>
  keystoneError(400, `${message} ${malformedRequest} The client is assumed to be in error.`)

export const missing = (what: string, where: string): Answer => badRequest(`Expecting to find ${what} in ${where}.`)

export const forbiddenAction = (action: string | undefined): Answer =>
  keystoneError(
    403,
    `You are not authorized to perform the requested action${action === undefined ? "" : `: ${action}`}.`
  )

/** The error of the token middleware in front of most services. */
const middlewareUnauthorized: Answer = {
  status: 401,
  json: { error: { code: 401, title: "Unauthorized", message: authenticationRequired } }
}

// errors of the WebOb framework
const webobHtml = (line: string, message: string) =>
  `<html>\n <head>\n  <title>${line}</title>\n </head>\n` +
  ` <body>\n  <h1>${line}</h1>\n  ${message}<br /><br />\n\n\n\n </body>\n</html>`

const webobJson = ({ message, status }: Refusal): Answer => ({
  status,
  json: {
    message: `${message ?? explanationOf(status)}<br /><br />\n\n\n`,
    code: `${status} ${titleOf(status)}`,
    title: titleOf(status)
  }
})

const glanceError = (refusal: Refusal): Answer => {
  if (refusal.accept?.includes("application/json") === true) return webobJson(refusal)
  const { message, status } = refusal
  return {
    status,
    headers: { "content-type": "text/html; charset=UTF-8" },
    text: webobHtml(`${status} ${titleOf(status)}`, message ?? explanationOf(status))
  }
}

const novaFaults: Readonly<Record<number, string>> = {
  400: "badRequest",
  403: "forbidden",
  404: "itemNotFound",
  405: "badMethod",
  409: "conflictingRequest",
  413: "overLimit",
  415: "badMediaType",
  429: "overLimit",
  501: "notImplemented",
  503: "serviceUnavailable"
}

const novaError = (refusal: Refusal): Answer => {
  const { message, status } = refusal
  if (status === 401) return middlewareUnauthorized
  // the framework, not Nova, answers paths without a route
  if (status === 404 && message === undefined) return webobJson(refusal)
  return {
    status,
    headers: { "content-type": "application/json; charset=UTF-8" },
    json: { [novaFaults[status] ?? "computeFault"]: { code: status, message: message ?? explanationOf(status) } }
  }
}

const placementError = ({ message, microversion, requestId, status, version }: Refusal): Answer => {
  if (status === 401) return middlewareUnauthorized
  const code = microversion !== undefined && Number(microversion.split(".")[1]) >= 23
    ? { code: "placement.undefined_code" }
    : {}
  const range = status === 406 ? { max_version: version?.maxVersion, min_version: version?.minVersion } : {}
  const detail = `${explanationOf(status)}\n\n ${message ?? " "}  `
  return {
    status,
    json: { errors: [{ status, title: titleOf(status), detail, request_id: requestId, ...code, ...range }] }
  }
}

/** An error page of a web server in front of the services. */
export const htmlPage = (status: number): Answer => ({
  status,
  headers: { "content-type": "text/html; charset=utf-8" },
  text: `<!doctype html>\n<html lang=en>\n<title>${status} ${titleOf(status)}</title>\n<h1>${titleOf(status)}</h1>\n`
})

/** How a service formats its documents and errors. */
export interface Format {
  readonly rootStatus: number
  /** The entry of a version in the list at the service's root. */
  readonly listed: (version: VersionDefinition, href: string) => unknown
  /** The document at the root of a version; `undefined` if there is none. */
  readonly document: ((version: VersionDefinition, href: string) => unknown) | undefined
  readonly refuse: (refusal: Refusal) => Answer
}

const selfLink = (href: string) => ({ rel: "self", href })

const novaVersion = (version: VersionDefinition) => ({
  id: version.id,
  status: version.status,
  version: version.maxVersion ?? "",
  min_version: version.minVersion ?? "",
  updated: version.maxVersion === undefined ? "2011-01-21T11:33:21Z" : "2013-07-23T11:33:21Z"
})

export const formats: Readonly<Record<Dialect, Format>> = {
  nova: {
    rootStatus: 200,
    listed: (version, href) => ({ ...novaVersion(version), links: [selfLink(href)] }),
    document: (version, href) => ({
      version: {
        ...novaVersion(version),
        links: [selfLink(href), { rel: "describedby", type: "text/html", href: "http://docs.openstack.org/" }],
        "media-types": [{
          base: "application/json",
          type: `application/vnd.openstack.compute+json;version=${version.minVersion ?? "2"}`
        }]
      }
    }),
    refuse: novaError
  },
  glance: {
    rootStatus: 300,
    listed: (version, href) => ({ id: version.id, status: version.status, links: [selfLink(href)] }),
    document: undefined,
    refuse: glanceError
  },
  placement: {
    rootStatus: 200,
    listed: (version, href) => ({
      id: version.id,
      max_version: version.maxVersion,
      min_version: version.minVersion,
      status: version.status,
      links: [selfLink(href)]
    }),
    document: undefined,
    refuse: placementError
  }
}

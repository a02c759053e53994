/** Attributes of the span of a request, whose children are the spans of its login, discovery and attempts. */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Tracer from "effect/Tracer"
import * as Spans from "../base/spans.js"
import type * as AuthPlugin from "../identity/AuthPlugin.js"
import * as EndpointData from "../model/EndpointData.js"
import type * as Secrets from "../safety/secrets.js"
import * as Url from "../safety/url.js"
import * as CloudName from "../wire/cloudName.js"
import * as Response from "../wire/response.js"
import type * as Transport from "../wire/Transport.js"

/** Attribute with the steps that led to the endpoint. */
export const endpointTrace = "openstack.endpoint.trace"

const isSampled = (span: Tracer.AnySpan | undefined): span is Tracer.Span => span?._tag === "Span" && span.sampled

export const annotateRequest = (
  span: Tracer.AnySpan | undefined,
  { method }: HttpClientRequest.HttpClientRequest,
  plugin: AuthPlugin.Service,
  serviceType: string | undefined
): void => {
  if (isSampled(span)) {
    span.attribute("http.request.method", method)
    span.attribute("openstack.auth.plugin", plugin.name)
    Spans.attribute(span, "openstack.cloud", CloudName.ofPlugin(plugin))
    Spans.attribute(span, "openstack.service.type", serviceType)
  }
}

/** Adds the endpoint, and how it was found if a version document was fetched for it. */
export const annotateTarget = (
  span: Tracer.AnySpan | undefined,
  url: string,
  { microversion, regionName }: Transport.About,
  endpoint: EndpointData.EndpointData | undefined
): void => {
  if (isSampled(span)) {
    span.attribute("url.full", Url.shown(url))
    Spans.attribute(span, "openstack.region", regionName)
    Spans.attribute(span, "openstack.microversion", microversion)
    if (endpoint?.trace.some((step) => step._tag === "Document" && !step.cached) === true) {
      span.attribute(endpointTrace, EndpointData.explain(endpoint))
    }
  }
}

/** Replaces the URL with one without the credentials of the request, which are known only later. */
export const annotateUrl = (span: Tracer.AnySpan | undefined, url: string, secrets: Secrets.Secrets): void => {
  if (isSampled(span)) {
    span.attribute("url.full", secrets.hideCredentials(Url.shown(url)))
  }
}

export const annotateAnswer = (
  span: Tracer.AnySpan | undefined,
  response: HttpClientResponse.HttpClientResponse
): void => {
  if (isSampled(span)) {
    span.attribute("http.response.status_code", response.status)
    Spans.attribute(span, "openstack.request_id", Response.requestId(response))
  }
}

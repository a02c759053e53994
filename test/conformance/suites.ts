/** All suites, and how a case of each is run. */
import { Effect } from "effect"
import type { Case, Outcome } from "../vectors.js"
import { answer as accessInfo } from "./accessInfo.js"
import * as Authentication from "./authentication.js"
import { authStates } from "./authStates.js"
import { cacheIds } from "./cacheIds.js"
import { catalogSelect, discoveryParse, discoverySelect, serviceTypes } from "./catalogs.js"
import { endpointCalls } from "./endpoints.js"
import { flows } from "./flows.js"
import { httpErrors } from "./httpErrors.js"
import { loading } from "./loading.js"
import { requests } from "./requests.js"
import { microversionHeaders, versionArgs, versionBetween, versionMatch, versionParse } from "./versions.js"

type Answer = (input: Case["input"], one: Case) => Effect.Effect<Outcome>

const pure = (answer: (input: Case["input"], one: Case) => Outcome): Answer => (input, one) =>
  Effect.sync(() => answer(input, one))

export const suites: Readonly<Record<string, Answer>> = {
  "access-info": pure(accessInfo),
  "all-version-data": endpointCalls,
  "auth-body": Authentication.headers,
  "auth-flow": flows,
  "auth-generic": Authentication.headers,
  "auth-state": authStates,
  "cache-id": cacheIds,
  "catalog-select": pure(catalogSelect),
  "discovery-parse": pure(discoveryParse),
  "discovery-select": pure(discoverySelect),
  "endpoint-data": endpointCalls,
  "endpoint-data-edge": endpointCalls,
  "endpoint-data-filters": endpointCalls,
  "endpoint-data-plugins": endpointCalls,
  "endpoint-data-random": endpointCalls,
  "endpoint-data-services": endpointCalls,
  "http-errors": httpErrors,
  "loading": loading,
  "microversion-headers": pure(microversionHeaders),
  "request-auth": requests,
  "request-headers": requests,
  "request-redirects": requests,
  "request-retries": requests,
  "request-urls": requests,
  "service-types": pure(serviceTypes),
  "version-args": pure(versionArgs),
  "version-between": pure(versionBetween),
  "version-match": pure(versionMatch),
  "version-parse": pure(versionParse)
}

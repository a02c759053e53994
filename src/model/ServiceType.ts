/**
 * Service types of OpenStack: the official ones, and the aliases that catalogs still use.
 *
 * A service type is plain text. All functions also accept unknown types, and treat `_` and `-` as equal.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Record from "effect/Record"

// from the OpenStack Service Types Authority: each official type with its aliases in order of preference
const aliasesOf = {
  "identity": [],
  "compute": [],
  "image": [],
  "load-balancer": [],
  "object-store": [],
  "clustering": ["resource-cluster", "cluster"],
  "data-processing": [],
  "baremetal": ["bare-metal"],
  "baremetal-introspection": [],
  "key-manager": [],
  "ec2-api": [],
  "resource-optimization": ["infra-optim"],
  "message": ["messaging"],
  "application-catalog": [],
  "container-infrastructure-management": ["container-infrastructure", "container-infra"],
  "search": [],
  "dns": [],
  "workflow": ["workflowv2"],
  "rating": [],
  "operator-policy": ["policy"],
  "shared-file-system": ["sharev2", "share"],
  "data-protection-orchestration": [],
  "orchestration": [],
  "block-storage": ["volumev3", "volumev2", "volume", "block-store"],
  "alarm": ["alarming"],
  "meter": ["metering", "telemetry"],
  "event": ["events"],
  "application-deployment": ["application_deployment"],
  "multi-region-network-automation": ["tricircle"],
  "database": [],
  "application-container": ["container"],
  "log-management": [],
  "root-cause-analysis": ["rca"],
  "nfv-orchestration": [],
  "network": [],
  "backup": [],
  "monitoring-logging": ["monitoring-log-api"],
  "monitoring": [],
  "monitoring-events": [],
  "placement": [],
  "instance-ha": ["ha"],
  "reservation": [],
  "function-engine": [],
  "accelerator": [],
  "admin-logic": ["registration"]
} as const

/**
 * A service type of the OpenStack Service Types Authority.
 *
 * @since 0.1.0
 * @category models
 */
export type Official = keyof typeof aliasesOf

/**
 * An older name of an official service type.
 *
 * @since 0.1.0
 * @category models
 */
export type Alias = (typeof aliasesOf)[Official][number]

/**
 * A service type: any text, with completion for the known ones.
 *
 * @since 0.1.0
 * @category models
 */
export type ServiceType = Official | Alias | (string & {})

// most types have no `_`, and checking is faster than replacing
const hyphenated = (type: string): string => type.includes("_") ? type.replaceAll("_", "-") : type

interface Known {
  readonly official: Official
  readonly all: ReadonlyArray<string>
  readonly impliedVersion: Option.Option<number>
}

const known: ReadonlyMap<string, Known> = new Map(
  Record.toEntries(aliasesOf).flatMap(([official, aliases]) => {
    const all = [official, ...aliases]
    return all.map((type): [string, Known] => {
      const implied = /v(\d)$/.exec(type)?.[1]
      return [hyphenated(type), {
        official,
        all,
        impliedVersion: implied === undefined ? Option.none() : Option.some(Number(implied))
      }]
    })
  })
)

const lookUp = (type: string): Known | undefined => known.get(hyphenated(type))

/**
 * All official service types.
 *
 * @since 0.1.0
 * @category models
 */
export const officials: ReadonlyArray<Official> = /*#__PURE__*/ Record.keys(aliasesOf)

/**
 * Whether a type is official. Aliases are not.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isOfficial = (type: ServiceType): boolean => lookUp(type)?.official === hyphenated(type)

/**
 * Whether a type is an alias of an official type.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isAlias = (type: ServiceType): boolean => isKnown(type) && !isOfficial(type)

/**
 * Whether a type is official, or an alias of an official type.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isKnown = (type: ServiceType): boolean => lookUp(type) !== undefined

/**
 * The official type of a type or alias (`get_service_type`). `None` for an unknown type.
 *
 * @example
 * ```ts
 * import { ServiceType } from "effect-keystoneauth"
 *
 * ServiceType.official("volumev3") // Option.some("block-storage")
 * ```
 *
 * @since 0.1.0
 * @category look-ups
 */
export const official = (type: ServiceType): Option.Option<Official> =>
  Option.map(Option.fromNullable(lookUp(type)), (entry) => entry.official)

/**
 * The aliases of an official type in order of preference (`get_aliases`). Empty for other types.
 *
 * @since 0.1.0
 * @category look-ups
 */
export const aliases = (type: ServiceType): ReadonlyArray<string> => isOfficial(type) ? all(type).slice(1) : []

/**
 * All names of a service (`get_all_types`): the official type, then its aliases in order of preference. For an unknown
 * type, the type itself.
 *
 * @example
 * ```ts
 * import { ServiceType } from "effect-keystoneauth"
 *
 * ServiceType.all("volume") // ["block-storage", "volumev3", "volumev2", "volume", "block-store"]
 * ```
 *
 * @since 0.1.0
 * @category look-ups
 */
export const all = (type: ServiceType): ReadonlyArray<string> => lookUp(type)?.all ?? [hyphenated(type)]

/**
 * The major version in the name of a known type: `volumev2` is version 2 of block storage.
 *
 * @since 0.1.0
 * @category look-ups
 */
export const impliedVersion = (type: ServiceType): Option.Option<number> =>
  lookUp(type)?.impliedVersion ?? Option.none()

/**
 * Whether a catalog entry of type `found` matches a request for type `requested` (`is_match`).
 *
 * An official type and its aliases match each other, but an alias never matches another alias: `volume` is not
 * `volumev3`, since they are different versions. Unlike keystoneauth, `_` equals `-` on both sides.
 *
 * @example
 * ```ts
 * import { ServiceType } from "effect-keystoneauth"
 *
 * ServiceType.matches("block-storage", "volumev3") // true
 * ServiceType.matches("volume", "volumev3") // false
 * ```
 *
 * @since 0.1.0
 * @category predicates
 */
export const matches = (requested: ServiceType, found: ServiceType): boolean => {
  if (hyphenated(requested) === hyphenated(found)) {
    return true
  }
  const entry = lookUp(requested)
  return entry !== undefined && entry.official === lookUp(found)?.official &&
    (isOfficial(requested) || isOfficial(found))
}

/**
 * The types to use, of several that match: the requested type if it was found, else the first found one of the official
 * type and its aliases in order of preference. All, if no type or an unknown type was requested. Types keep their
 * spelling and order.
 *
 * @example
 * ```ts
 * import { ServiceType } from "effect-keystoneauth"
 *
 * ServiceType.pick("block-storage", ["volumev2", "volumev3"]) // ["volumev3"]
 * ```
 *
 * @since 0.1.0
 * @category look-ups
 */
export const pick = (requested: ServiceType | undefined, found: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (requested === undefined || found.length < 2 || !isKnown(requested)) {
    return found
  }
  for (const type of [requested, ...all(requested)]) {
    const same = found.filter((candidate) => hyphenated(candidate) === hyphenated(type))
    if (same.length > 0) {
      return same
    }
  }
  return []
}

/**
 * What a certificate or a key is given as: text of its own, or the path of a file. Nobody says which, and a key must not be shown: only
 * what is plainly a path is.
 */
import * as Redacted from "effect/Redacted"

/** PEM text, base64 of PEM or DER, or a path. */
export type Material = string | Redacted.Redacted

export const forms = "PEM text, base64 of PEM or DER, or the path of a file"

/** The settings of a cloud that are certificates and keys. */
const keys: ReadonlySet<string> = new Set(["cacert", "cert", "key"])

export const isKey = (key: string): boolean => keys.has(key)

/** The same with a key hidden, for good: a path stays a text that can be read. */
export const hide = (text: string): Material => isPath(text) ? text : Redacted.make(text)

export const text = (material: Material): string => Redacted.isRedacted(material) ? Redacted.value(material) : material

/** Still hidden, if it was. */
export const map = (material: Material, f: (text: string) => string): Material =>
  Redacted.isRedacted(material) ? Redacted.make(f(Redacted.value(material))) : f(material)

/** From the root, the user's folder, this folder, or a drive. */
const rooted = /^(\.{0,2}[/\\]|~[\w.-]*[/\\]|[a-z]:[/\\])/i

/** A dot is in no base64. */
const withExtension = /\.[\w-]{1,12}$/

/** The beginning of DER in base64, of PEM in base64, of DER in hex: a name so long with it may be a key. */
const beginsAsKey = /^\s*(?:M[A-P]|LS0t|30)[\w+/=-]{24}/

const pathLetters = /^[\p{L}\p{M}\p{N} .,_~:+@()&'%=#/\\!$-]{1,1024}$/u

/** Can nobody take this for a key, not even for a broken one? A bare word may be a passphrase. */
export const isPath = (text: string): boolean => {
  const isMarked = rooted.test(text) || withExtension.test(text)
  return pathLetters.test(text) && !text.includes("://") && !text.includes("-----") && !beginsAsKey.test(text) &&
    // the shortest key has 44 letters in base64, and a slash may be among them
    (isMarked || (/[/\\]/.test(text) && text.length < 40)) &&
    !text.split(/[/\\]/).some((segment) => isRandom(segment, isMarked ? 20 : 8))
}

/** So many letters and digits on end as no word has; fewer, if they are large and small ones among digits, as in base64. */
const isRandom = (segment: string, least: number): boolean =>
  segment.split(/[^A-Za-z0-9+=]/).some((run) =>
    run.length >= 40 || (run.length >= least && /[a-z]/.test(run) && /[A-Z]/.test(run) && /[0-9]/.test(run))
  )

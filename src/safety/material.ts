/**
 * Certificates and keys in options: PEM or DER text, or the path of a file. Options do not tell which, and a key must
 * not be shown, so only text that is clearly a path is shown.
 */
import * as Redacted from "effect/Redacted"

/** PEM text, base64 of PEM or DER, or a path. */
export type Material = string | Redacted.Redacted

/** The accepted forms, for messages. */
export const forms = "PEM text, base64 of PEM or DER, or the path of a file"

/** The keys of `clouds.yaml` whose values are certificates or private keys. */
const keys: ReadonlySet<string> = new Set(["cacert", "cert", "key"])

export const isKey = (key: string): boolean => keys.has(key)

/** Redacts the text unless it is a path. */
export const hide = (text: string): Material => isPath(text) ? text : Redacted.make(text)

export const text = (material: Material): string => Redacted.isRedacted(material) ? Redacted.value(material) : material

/** Applies a function to the text. Redacted text stays redacted. */
export const map = (material: Material, f: (text: string) => string): Material =>
  Redacted.isRedacted(material) ? Redacted.make(f(Redacted.value(material))) : f(material)

/** A path from the root, the home directory, the current directory, or a drive. */
const rooted = /^(\.{0,2}[/\\]|~[\w.-]*[/\\]|[a-z]:[/\\])/i

/** A file extension. Base64 has no dot. */
const withExtension = /\.[\w-]{1,12}$/

/** The beginning of DER in base64, of PEM in base64, or of DER in hex. */
const keyHead = /^\s*(?:M[A-P]|LS0t|30)[\w+/=-]*/

/** Whether a text begins like a key, for longer than the name of a file is likely to. */
const beginsAsKey = (text: string): boolean => (keyHead.exec(text)?.[0].trim().length ?? 0) > 25

const pathLetters = /^[\p{L}\p{M}\p{N} .,_~:+@()&'%=#/\\!$-]{1,1024}$/u

/** Whether the text is clearly a path, and not a key, a broken key, or a passphrase. */
export const isPath = (text: string): boolean => {
  const isMarked = rooted.test(text) || withExtension.test(text)
  return pathLetters.test(text) && !text.includes("://") && !text.includes("-----") && !beginsAsKey(text) &&
    // the shortest key has 44 characters in base64, which may include slashes
    (isMarked || (/[/\\]/.test(text) && text.length < 40)) &&
    !text.split(/[/\\]/).some((segment) => isRandom(segment, isMarked ? 20 : 8))
}

/**
 * Whether a segment has a run of letters and digits too long for a word; shorter if it mixes cases and digits, as
 * base64.
 */
const isRandom = (segment: string, least: number): boolean =>
  segment.split(/[^A-Za-z0-9+=]/).some((run) =>
    run.length >= 40 || (run.length >= least && /[a-z]/.test(run) && /[A-Z]/.test(run) && /[0-9]/.test(run))
  )

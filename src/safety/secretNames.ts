/**
 * The names whose values are secret: of headers, of fields in bodies, and of parameters in URLs. This is the only
 * list of them.
 */

/** Secret anywhere in a name, in any spelling: `adminPassword`, `db_password`, `X-Access-Token`. */
const stems = [
  "passw",
  "passphrase",
  "passcode",
  "secret",
  "token",
  "credential",
  "receipt",
  "signature",
  "assertion",
  "authorization",
  "cookie",
  "apikey",
  "accesskey",
  "privatekey",
  "keyring",
  "keytab",
  "kubeconfig",
  "configdrive",
  "userdata",
  "privatedata",
  "samlre",
  "sessionid",
  "sessid",
  "community"
]

/** Secret as a whole word of a name: `adminPass` and `temp_url_sig`, but not `passed` and `design`. */
const words = new Set([
  "assertions",
  "blob",
  "cred",
  "creds",
  "hmac",
  "jwt",
  "otp",
  "pass",
  "payload",
  "pem",
  "personality",
  "pkcs12",
  "psk",
  "pw",
  "pwd",
  "sig",
  "ticket",
  "totp",
  "verifier"
])

/** Secret only as the whole name. */
const whole = new Set(["auth", "output", "outputvalue"])

/** Words before `key` that make it not secret: `public_key`, `sort_key`. */
const harmlessKeys = new Set(["foreign", "group", "host", "output", "partition", "primary", "public", "sort"])

/** Last words of names that only describe a secret: `secret_type`, `password_expires_at`. */
const about = new Set(["algorithm", "at", "expires", "format", "method", "mode", "type"])

/** A name may be percent-encoded more than once, in a URL within a URL. */
const decoded = (name: string): string => {
  let read = name
  try {
    for (let i = 0; i < 4 && read.includes("%"); i++) {
      read = decodeURIComponent(read)
    }
  } catch {
    // the rest is not percent-encoded
  }
  return read
}

const wordsOf = (name: string): ReadonlyArray<string> =>
  decoded(name)
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "")

/** Whether a name ends with the word `key`: `X-Auth-Key`, `snmp_priv_key`, `temp-url-key-2`. */
const isKey = (parts: ReadonlyArray<string>): boolean => {
  const end = /^\d+$/.test(parts.at(-1) ?? "") ? -2 : -1
  return parts.at(end) === "key" && !harmlessKeys.has(parts.at(end - 1) ?? "")
}

const read = (name: string): boolean => {
  const parts = wordsOf(name)
  const joined = parts.join("")
  return !about.has(parts.at(-1) ?? "") &&
    (stems.some((stem) => joined.includes(stem)) || whole.has(joined) || isKey(parts) ||
      parts.some((part) => words.has(part)))
}

const known = new Map<string, boolean>()

/** Whether the value of a name is secret. */
export const isSecret = (name: string): boolean => {
  const found = known.get(name)
  if (found !== undefined) {
    return found
  }
  const secret = read(name)
  if (known.size < 1000) {
    known.set(name, secret)
  }
  return secret
}

/** Whether the value of a URL parameter is secret. `code` is one: it completes a login. */
export const isSecretParameter = (name: string): boolean =>
  isSecret(name) || /^(code|(device|user)_?code)$/i.test(decoded(name))

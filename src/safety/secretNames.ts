/** Which names say that their value is secret: of headers, of fields in bodies, and of parameters in URLs. The one list of them. */

/** Secret wherever they stand in a name, however it is written: `adminPassword`, `db_password`, `X-Access-Token`. */
const stems =
  /passw|passphrase|passcode|secret|token|credential|receipt|signature|assertion|authorization|cookie|apikey|accesskey|privatekey|keyring|keytab|kubeconfig|configdrive|userdata|privatedata|samlre|sessionid|sessid|community/

/** Secret as a word of a name: `adminPass` and `temp_url_sig`, but not `passed` and `design`. */
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

/** Secret as a whole name only. */
const whole = new Set(["auth", "output", "outputvalue"])

/** Words before `key` that make it no secret: `public_key`, `sort_key`. */
const harmlessKeys = new Set(["foreign", "group", "host", "output", "partition", "primary", "public", "sort"])

/** Words at the end of a name that only tells about a secret: `secret_type`, `password_expires_at`. */
const about = new Set(["algorithm", "at", "expires", "format", "method", "mode", "type"])

/** It may be encoded more than once, in a URL within a URL. */
const decoded = (name: string): string => {
  let read = name
  try {
    for (let i = 0; i < 4 && read.includes("%"); i++) {
      read = decodeURIComponent(read)
    }
  } catch {
    // the rest is no encoding
  }
  return read
}

const wordsOf = (name: string): ReadonlyArray<string> =>
  decoded(name)
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== "")

/** `X-Auth-Key`, `snmp_priv_key`, `temp-url-key-2`: a name that ends with the word `key`. */
const isKey = (parts: ReadonlyArray<string>): boolean => {
  const end = /^\d+$/.test(parts.at(-1) ?? "") ? -2 : -1
  return parts.at(end) === "key" && !harmlessKeys.has(parts.at(end - 1) ?? "")
}

const read = (name: string): boolean => {
  const parts = wordsOf(name)
  const joined = parts.join("")
  return !about.has(parts.at(-1) ?? "") &&
    (stems.test(joined) || whole.has(joined) || isKey(parts) || parts.some((part) => words.has(part)))
}

const known = new Map<string, boolean>()

/** Does a name say that its value is secret? */
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

/** The same of a header: `X-Auth-User` too, but not what only tells how to authenticate (`WWW-Authenticate`). */
export const isSecretHeader = (name: string): boolean => isSecret(name) || /auth(?!enticate)/i.test(name)

/** The same of a parameter in a URL, where `code` is that of a login. */
export const isSecretParameter = (name: string): boolean =>
  isSecret(name) || /^(code|(device|user)_?code)$/i.test(decoded(name))

const harmless =
  /^(accept(-charset|-encoding|-language)?|cache-control|content-(encoding|language|length|type)|expect|if-(match|modified-since|none-match|range|unmodified-since)|openstack-api-version|pragma|range|user-agent|x-openstack-([\w-]{1,64}-api-version|request-id))$/

/** Is a header known to hold nothing but what any server may know? Only these go to another origin. */
export const isHarmlessHeader = (name: string): boolean => harmless.test(name)

/** Encrypts tokens for a token store, and makes the names that they are stored under. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { InvalidOptions } from "../Errors.js"

/** A function, so that bundles without encryption leave the schema out. */
const contentSchema = () => {
  const moment = Schema.optional(Schema.Finite)
  return Schema.parseJson(Schema.Struct({
    token: Schema.Redacted(Schema.String),
    body: Schema.Unknown,
    arrivedAt: moment,
    endsAt: moment
  }))
}

export interface Content {
  readonly token: Redacted.Redacted
  readonly body: unknown
  readonly arrivedAt: number | undefined
  readonly endsAt: number | undefined
}

export interface Cipher {
  /** A keyed hash of the text. */
  readonly identify: (text: string) => Effect.Effect<string>
  /** Encrypts. `None` if the content cannot be written as JSON. */
  readonly seal: (name: string, content: Content) => Effect.Effect<Option.Option<string>>
  /**
   * Decrypts. `None` if the entry is damaged, was sealed for another name or with another key, or is not one of ours.
   */
  readonly open: (name: string, sealed: string) => Effect.Effect<Option.Option<Content>>
}

/** The first byte of an entry: its format. Entries of other formats are not read. */
const format = 1

const nonceLength = 12

const bytes = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(text))

/** Binds an entry to its name: copied to the name of another identity, it does not open. */
const boundTo = (name: string): Uint8Array<ArrayBuffer> => bytes(`effect-keystoneauth/TokenStore/${format}/${name}`)

const hmac = (key: CryptoKey) => (text: string): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() => crypto.subtle.sign("HMAC", key, bytes(text))),
    (signature) => Encoding.encodeHex(new Uint8Array(signature))
  )

const byChance = (): string => Encoding.encodeHex(crypto.getRandomValues(new Uint8Array(16)))

/** Browsers have it only on pages from https or localhost. */
const hasSubtle = (): boolean => "subtle" in crypto

let ownKey: Promise<CryptoKey> | undefined

/** Random names, used in place of hashes where there is no SubtleCrypto. */
const names = new Map<string, string>()

const nameByChance = (text: string): string => {
  const name = names.get(text) ?? byChance()
  names.set(text, name)
  return name
}

/** A keyed hash, with a key that this process generates at first use and cannot export. */
export const identifyHere = (text: string): Effect.Effect<string> =>
  Effect.suspend(() =>
    hasSubtle()
      ? Effect.flatMap(
        Effect.promise(() => ownKey ??= crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"])),
        (key) => hmac(key)(text)
      )
      : Effect.succeed(nameByChance(text))
  )

/** A random id, for the owner of a lease or a temporary file. */
export const randomId: Effect.Effect<string> = Effect.sync(byChance)

export const make = (module: string, key: Redacted.Redacted): Effect.Effect<Cipher, InvalidOptions> =>
  Effect.gen(function*() {
    if (!hasSubtle()) {
      return yield* new InvalidOptions({
        module,
        option: "key",
        reason: "browsers encrypt only for pages that came over https, and this one did not"
      })
    }
    const secret = bytes(Redacted.value(key))
    if (secret.length < 16) {
      return yield* new InvalidOptions({
        module,
        option: "key",
        reason: `it has ${secret.length} bytes and needs 16 or more, made by chance: openssl rand -base64 32`
      })
    }
    const material = yield* Effect.promise(() => crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]))
    const derive = (info: string, algorithm: AesKeyGenParams | HmacKeyGenParams, uses: ReadonlyArray<KeyUsage>) =>
      Effect.promise(() =>
        crypto.subtle.deriveKey(
          { name: "HKDF", hash: "SHA-256", salt: bytes("effect-keystoneauth/TokenStore"), info: bytes(info) },
          material,
          algorithm,
          false,
          [...uses]
        )
      )
    const encryption = yield* derive("entries", { name: "AES-GCM", length: 256 }, ["encrypt", "decrypt"])
    const content = contentSchema()
    const naming = yield* derive("names", { name: "HMAC", hash: "SHA-256", length: 256 }, ["sign"])
    return {
      identify: hmac(naming),
      seal: (name, { arrivedAt, body, endsAt, token }) =>
        Schema.encode(content)({ token, body, arrivedAt, endsAt }).pipe(
          Effect.flatMap((text) => {
            const nonce = crypto.getRandomValues(new Uint8Array(nonceLength))
            return Effect.map(
              Effect.tryPromise(() =>
                crypto.subtle.encrypt(
                  { name: "AES-GCM", iv: nonce, additionalData: boundTo(name) },
                  encryption,
                  bytes(text)
                )
              ),
              (encrypted) => {
                const sealed = new Uint8Array(1 + nonceLength + encrypted.byteLength)
                sealed[0] = format
                sealed.set(nonce, 1)
                sealed.set(new Uint8Array(encrypted), 1 + nonceLength)
                return Encoding.encodeBase64(sealed)
              }
            )
          }),
          // the error is dropped: it would quote the content
          Effect.option
        ),
      open: (name, sealed) => {
        const decoded = Either.getOrUndefined(Encoding.decodeBase64(sealed))
        if (decoded === undefined || decoded[0] !== format) {
          return Effect.succeedNone
        }
        const whole = new Uint8Array(decoded)
        return Effect.tryPromise(() =>
          crypto.subtle.decrypt(
            { name: "AES-GCM", iv: whole.subarray(1, 1 + nonceLength), additionalData: boundTo(name) },
            encryption,
            whole.subarray(1 + nonceLength)
          )
        ).pipe(
          Effect.flatMap((text) => Schema.decode(content)(new TextDecoder().decode(text))),
          Effect.map(({ arrivedAt, body, endsAt, token }): Content => ({ token, body, arrivedAt, endsAt })),
          Effect.option
        )
      }
    }
  })

/** A key, a value, the value of a header: bytes, text (as UTF-8) or nothing. */
export type Payload = Uint8Array | string | null

/** Headers by name; as a list where a name comes more than once or order matters. */
export type HeaderList =
  | Readonly<Record<string, Payload>>
  | readonly { readonly key: string; readonly value: Payload }[]

const NO_HEADERS: readonly { key: string; value: Uint8Array | null }[] = []

/** The bytes of a payload. Not copied. */
export function payloadBytes(payload: Payload): Uint8Array | null {
  return typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload
}

/** Headers in the order in which they will lie in the record. */
export function headerDrafts(
  headers: HeaderList | undefined,
): readonly { key: string; value: Uint8Array | null }[] {
  if (headers === undefined) return NO_HEADERS
  const list = Array.isArray(headers)
    ? (headers as readonly { key: string; value: Payload }[])
    : Object.entries(headers).map(([key, value]) => ({ key, value: value as Payload }))
  return list.map(({ key, value }) => ({ key, value: payloadBytes(value) }))
}

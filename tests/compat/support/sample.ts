/** The records every client is asked to carry: what breaks brokers and clients that cut corners. */

export interface Sample {
  readonly key: string | null
  readonly value: string | null
  readonly headers: Readonly<Record<string, string>>
}

/** With values near the default limit of 1 MiB a batch; compressible, as text is. */
export const LARGE_BYTES = 1_000_000

export function samples(headers = true): Sample[] {
  const head = headers ? { trace: 'a1', 'content-type': 'text/plain' } : {}
  return [
    { key: 'k', value: 'v', headers: head },
    { key: null, value: 'no key', headers: {} },
    { key: 'tombstone', value: null, headers: {} },
    { key: 'žluťoučký', value: 'kůň 🐴', headers: head },
    { key: 'large', value: largeText(), headers: {} },
    ...Array.from({ length: 200 }, (_, i) => ({ key: `k${i}`, value: `value ${i}`, headers: {} })),
  ]
}

function largeText(): string {
  let text = ''
  for (let i = 0; text.length < LARGE_BYTES; i++) text += `${(i * 2654435761) % 4294967296} `
  return text.slice(0, LARGE_BYTES)
}

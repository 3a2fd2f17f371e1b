/** Values of options, from what was typed. Each throws UsageError with what is expected. */
import { UsageError } from './failure.ts'

const DEFAULT_PORT = 9092
const PORT_MAX = 65_535

/** An integer from 0 on. */
export function count(typed: string): number {
  if (!/^\d{1,15}$/.test(typed)) throw new UsageError('expected a whole number, 0 or more')
  return Number(typed)
}

/** An integer from 1 on. */
export function positiveCount(typed: string): number {
  if (!/^\d{1,15}$/.test(typed) || Number(typed) === 0) {
    throw new UsageError('expected a whole number, 1 or more')
  }
  return Number(typed)
}

/** `0`, `0,2`, `0-3`, and the option given again: all the partitions named, ascending. */
export function partitionList(typed: string, before: readonly number[] = []): number[] {
  const named = new Set(before)
  for (const part of typed.split(',')) {
    const range = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part.trim())
    const first = Number(range?.[1])
    const last = Number(range?.[2] ?? range?.[1])
    if (range === null || last < first || last - first > 100_000) {
      throw new UsageError('expected partitions such as 0 or 0,2 or 0-3')
    }
    for (let partition = first; partition <= last; partition++) named.add(partition)
  }
  return [...named].sort((a, b) => a - b)
}

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/** `1500ms`, `5s`, `2m`, `1h`, `7d`, in milliseconds. The unit may not be left out. */
export function durationMs(typed: string): number {
  const match = /^(\d{1,12}(?:\.\d+)?)(ms|s|m|h|d)$/.exec(typed)
  const unitMs = UNITS_MS.get(match?.[2] ?? '')
  const ms = Math.round(Number(match?.[1]) * (unitMs ?? 1))
  if (match !== null && ms > 0) return ms
  const cure = /^\d+$/.test(typed) && Number(typed) > 0 ? `, as in ${typed}s` : ', as in 5s'
  throw new UsageError(`expected a time with its unit (ms, s, m, h, d)${cure}`)
}

/** A whole number with or without a sign, but not 0: `10`, `+10`, `-10`. */
export function shift(typed: string): number {
  if (!/^[+-]?\d{1,15}$/.test(typed) || Number(typed) === 0) {
    throw new UsageError('expected how many records to go on or back, such as 10 or -10')
  }
  return Number(typed)
}

/** `host:port,host:port` as `host:port` each; the port may be left out, and is then Kafka's. */
export function addresses(typed: string): string[] {
  const named = typed.split(',').filter(one => one.trim() !== '')
  return named.length === 0 ? refuseAddress(typed) : named.map(one => address(one.trim()))
}

function address(typed: string): string {
  const match = /^(\[[0-9a-fA-F:.]+(?:%\w+)?\]|[^:[\]/\s]+)(?::(\d{1,5}))?$/.exec(typed)
  const port = Number(match?.[2] ?? DEFAULT_PORT)
  if (match === null || port < 1 || port > PORT_MAX) return refuseAddress(typed)
  return `${match[1]}:${port}`
}

function refuseAddress(typed: string): never {
  throw new UsageError(`'${typed}' is no address: expected host:port, as in 127.0.0.1:9092`)
}

export interface Header {
  readonly key: string
  readonly value: string
}

/** `name=value`; the value may be empty and may hold further equals signs. */
export function header(typed: string, before: readonly Header[] = []): Header[] {
  const { name, value } = assignment(typed)
  return [...before, { key: name, value }]
}

/** `name=value` pairs, a later one of a name winning. */
export function settings(
  typed: string,
  before: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const { name, value } = assignment(typed)
  return new Map(before).set(name, value)
}

function assignment(typed: string): { name: string; value: string } {
  const at = typed.indexOf('=')
  if (at < 1) throw new UsageError('expected name=value')
  return { name: typed.slice(0, at).trim(), value: typed.slice(at + 1) }
}

/** Where reading begins. `last` counts back from the end of each partition. */
export type StartAt =
  | { readonly kind: 'beginning' }
  | { readonly kind: 'end' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'last'; readonly count: number }
  | { readonly kind: 'time'; readonly timestampMs: number }

const NAMED: ReadonlyMap<string, 'beginning' | 'end'> = new Map([
  ['beginning', 'beginning'],
  ['earliest', 'beginning'],
  ['end', 'end'],
  ['latest', 'end'],
])

/**
 * `beginning` or `earliest`, `end` or `latest`, an offset, `-N` (the last N of each partition), a
 * time (`2026-11-21`, `2026-11-21T10:30`, `2026-11-21T10:30:00Z`, `@` and milliseconds since 1970),
 * or how long ago (`15m`).
 */
export function startAt(typed: string, nowMs: number): StartAt {
  const kind = NAMED.get(typed)
  if (kind !== undefined) return { kind }
  if (/^\d{1,15}$/.test(typed)) return { kind: 'offset', offset: Number(typed) }
  if (/^-\d{1,15}$/.test(typed)) return { kind: 'last', count: -Number(typed) }
  if (/^@\d{1,15}$/.test(typed)) return { kind: 'time', timestampMs: Number(typed.slice(1)) }
  if (/^\d+(\.\d+)?(ms|s|m|h|d)$/.test(typed)) {
    return { kind: 'time', timestampMs: Math.max(0, nowMs - durationMs(typed)) }
  }
  const timestampMs = /^\d{4}-\d\d(-\d\d)?/.test(typed) ? Date.parse(typed) : Number.NaN
  if (timestampMs >= 0) return { kind: 'time', timestampMs }
  throw new UsageError(
    'expected beginning, end, an offset, -N for the last N, a time such as 2026-11-21T10:30, ' +
      '@ and milliseconds, or how long ago, such as 15m',
  )
}

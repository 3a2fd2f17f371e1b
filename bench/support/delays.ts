/**
 * Names what delayed the slow records of a traced run: joins what the load saw of each (its own
 * part, the kernel's) with what the probe saw of the event loop at the time.
 */
import type { Collection, Trace } from './trace-probe.ts'

/**
 * A slow record as the load tells it, in us: when it was due, written by the load, its response
 * received by the kernel, read by the load (CLOCK_MONOTONIC); what all threads of the broker ran
 * meanwhile, and how long its main thread was ready to run while the core did other work.
 */
export type SlowRecord = readonly [
  dueUs: number,
  writtenUs: number,
  receivedUs: number,
  readUs: number,
  ranUs: number,
  readyUs: number,
]

/** Slow records that overlap in time, and what they waited for. */
export interface Delay {
  readonly atUs: number
  /** Of the record that waited longest. */
  readonly lengthUs: number
  readonly records: number
  /** Who took the time. */
  readonly cause: string
  /** What that was in detail. */
  readonly detail: string
}

const LOAD_WROTE_LATE = 'load: wrote late'
const LOAD_READ_LATE = 'load: read late'
const COLLECTOR = 'broker: collector'
const RAN = 'broker: ran'
const OTHER_WORK = 'machine: ready, others ran'
const ASLEEP = 'disk or machine: neither ran nor was ready'

/** The delays in order of time. */
export function delaysOf(slow: readonly SlowRecord[], trace: Trace): Delay[] {
  const delays: Delay[] = []
  let group: SlowRecord[] = []
  let untilUs = 0
  for (const record of slow) {
    if (group.length > 0 && record[0] > untilUs) {
      delays.push(delayOf(group, trace))
      group = []
    }
    group.push(record)
    untilUs = Math.max(untilUs, record[3])
  }
  if (group.length > 0) delays.push(delayOf(group, trace))
  return delays
}

function delayOf(group: readonly SlowRecord[], trace: Trace): Delay {
  const worst = group.reduce((a, b) => (b[3] - b[0] > a[3] - a[0] ? b : a))
  const [dueUs, writtenUs, receivedUs, readUs, ranUs, readyUs] = worst
  const collected = trace.collections
    .map(c => ({ ...c, overlapUs: overlapUs(c, writtenUs, receivedUs) }))
    .filter(c => c.overlapUs > 0)
  const collectedUs = collected.reduce((sum, c) => sum + c.overlapUs, 0)
  // A collection that the machine interrupted lasts longer than it ran.
  const collectorUs = Math.min(collectedUs, ranUs)
  const elsewhereUs = Math.max(0, receivedUs - writtenUs - ranUs)
  // The main thread is ready, too, while other threads of the broker run.
  const othersUs = Math.min(readyUs, elsewhereUs)
  const shares: readonly (readonly [cause: string, us: number])[] = [
    [LOAD_WROTE_LATE, writtenUs - dueUs],
    [LOAD_READ_LATE, readUs - receivedUs],
    [COLLECTOR, collectorUs],
    [RAN, ranUs - collectorUs],
    [OTHER_WORK, othersUs],
    [ASLEEP, elsewhereUs - othersUs],
  ]
  const [cause] = shares.reduce((a, b) => (b[1] > a[1] ? b : a))
  const looks = functionsSeen(trace, writtenUs, receivedUs)
  const detail = [
    ...shares.filter(([, us]) => us >= 100).map(([name, us]) => `${name} ${ms(us)}`),
    ...collected.map(c => `${c.kind} ${ms(c.untilUs - c.fromUs)}`),
    ...(looks === '' ? [] : [`seen: ${looks}`]),
  ].join(', ')
  return { atUs: dueUs, lengthUs: readUs - dueUs, records: group.length, cause, detail }
}

/** How many delays each cause had, how many records they slowed, and the longest. */
export function printDelays(label: string, records: number, delays: readonly Delay[]): void {
  const slowed = delays.reduce((sum, d) => sum + d.records, 0)
  console.log(`${label}: ${slowed} of ${records} records slowed by ${delays.length} delays`)
  for (const [cause, of] of Map.groupBy(delays, d => d.cause)) {
    const slowedBy = of.reduce((sum, d) => sum + d.records, 0)
    const longest = Math.max(...of.map(d => d.lengthUs))
    console.log(`  ${cause}: ${of.length} delays, ${slowedBy} records, longest ${ms(longest)}`)
  }
  for (const d of delays.toSorted((a, b) => b.lengthUs - a.lengthUs).slice(0, 12)) {
    const at = ((d.atUs - (delays[0]?.atUs ?? 0)) / 1e6).toFixed(3)
    console.log(`    at ${at} s ${ms(d.lengthUs)}, ${d.records} records, ${d.cause} (${d.detail})`)
  }
}

function overlapUs(c: Collection, fromUs: number, untilUs: number): number {
  return Math.max(0, Math.min(c.untilUs, untilUs) - Math.max(c.fromUs, fromUs))
}

/** The stacks looked at most, innermost function first. */
function functionsSeen({ looks, stacks }: Trace, fromUs: number, untilUs: number): string {
  const counts = new Map<number, number>()
  for (const { atUs, stack } of looks) {
    if (atUs < fromUs || atUs > untilUs) continue
    counts.set(stack, (counts.get(stack) ?? 0) + 1)
  }
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([stack, count]) => `${count} x ${stacks[stack]?.slice(0, 4).join(' < ')}`)
    .join('; ')
}

function ms(us: number): string {
  return `${(us / 1000).toFixed(1)} ms`
}

/**
 * Loaded into the broker's process by `node --import` for `bench -- latency --trace`: what did the
 * event loop do, and when? V8's sampling profiler looks at the loop's thread every 100 us, and V8
 * tells each collection of garbage. SIGUSR2 writes what was seen since the last one to the file
 * named by `OTTLA_PROBE_FILE` and begins anew. Sampling costs some percent of the core: figures of
 * a traced run are not those of an untraced one.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { type Profiler, Session } from 'node:inspector'
import { PerformanceObserver, performance } from 'node:perf_hooks'

const SAMPLE_EVERY_US = 100
/** A stretch of work ends where the loop was seen asleep, or asleep between two samples. */
const IDLE = '(idle)'
const GC_KINDS: Readonly<Record<number, string>> = {
  1: 'scavenge',
  4: 'mark-compact',
  8: 'incremental marking',
  16: 'weak callbacks',
  2: 'minor mark-compact',
}

/** One collection, in us of CLOCK_MONOTONIC. */
export interface Collection {
  readonly kind: string
  readonly fromUs: number
  readonly untilUs: number
}

/** One look of the profiler: when, in us of CLOCK_MONOTONIC, and the functions, innermost first. */
export interface Look {
  readonly atUs: number
  readonly stack: number
}

export interface Trace {
  readonly collections: readonly Collection[]
  readonly looks: readonly Look[]
  /** Stacks named by looks: function names, innermost first. */
  readonly stacks: readonly (readonly string[])[]
}

function watch(file: string): void {
  let collections: Collection[] = []
  const observer = new PerformanceObserver(list => {
    for (const entry of list.getEntries()) {
      const { startTime, duration } = entry
      const fromUs = monotonicUs(startTime)
      const { detail } = entry as unknown as { detail: { kind: number } }
      const kind = GC_KINDS[detail.kind] ?? 'collection'
      collections.push({ kind, fromUs, untilUs: fromUs + duration * 1000 })
    }
  })
  observer.observe({ entryTypes: ['gc'] })
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.setSamplingInterval', { interval: SAMPLE_EVERY_US })
  session.post('Profiler.start')
  process.on('SIGUSR2', () => {
    session.post('Profiler.stop', (error, result) => {
      if (error !== null) throw error
      const trace: Trace = { collections, ...looksOf(result.profile) }
      collections = []
      writeFileSync(`${file}.tmp`, JSON.stringify(trace))
      renameSync(`${file}.tmp`, file)
    })
    session.post('Profiler.start')
  })
}

/** `performance.now()` and the profiler both count on CLOCK_MONOTONIC, from different starts. */
function monotonicUs(nowMs: number): number {
  return nowMs * 1000 + START_US
}
const START_US = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000

function looksOf(profile: Profiler.Profile): Pick<Trace, 'looks' | 'stacks'> {
  const parents = new Map<number, number>()
  const nodes = new Map(profile.nodes.map(node => [node.id, node]))
  for (const { id, children } of profile.nodes) {
    for (const child of children ?? []) parents.set(child, id)
  }
  const indexes = new Map<number, number>()
  const stacks: string[][] = []
  for (const { id } of profile.nodes) {
    const stack: string[] = []
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const name = nodes.get(at)?.callFrame.functionName
      if (name !== '(root)') stack.push(name || '(anonymous)')
    }
    indexes.set(id, stacks.push(stack) - 1)
  }
  let atUs = profile.startTime
  const looks = (profile.samples ?? []).map((id, at) => {
    atUs += profile.timeDeltas?.[at] ?? 0
    return { atUs, stack: indexes.get(id) ?? 0 }
  })
  return { looks: looks.filter(look => stacks[look.stack]?.[0] !== IDLE), stacks }
}

const target = process.env['OTTLA_PROBE_FILE']
if (target !== undefined) watch(target)

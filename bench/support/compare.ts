/** Runs one shape of load against several subjects in turn, so that the machine's moods hit all. */
import { type LoadOptions, type LoadResult, runLoad } from './load.ts'
import type { Subject } from './subjects.ts'
import { medianFigures, printRow, type Row } from './table.ts'

export interface Shape {
  readonly question: string
  readonly work: string
  readonly connections: number
  readonly depth: number
  readonly files: readonly string[]
  readonly checkAt: number
  /** The figures wanted of a run. */
  readonly figures: (run: LoadResult) => Record<string, number>
}

export interface Pace {
  readonly binary: string
  readonly rounds: number
  readonly warmupS: number
  readonly measureS: number
}

/** Between rounds of the same subject only this much warm-up is needed. */
const REWARM_S = 1

export interface Contender {
  readonly label: string
  readonly subject: Subject
  /** Called before each of its runs. */
  readonly prepare?: () => void
}

export async function compare(
  shape: Shape,
  contenders: readonly Contender[],
  pace: Pace,
): Promise<Row[]> {
  const runs = new Map<Contender, Record<string, number>[]>()
  const stalls = new Map<Contender, { cpuMs: number; wallMs: number }>()
  for (let round = 0; round < pace.rounds; round++) {
    for (const contender of contenders) {
      const { port, pid, name } = contender.subject
      const load: LoadOptions = {
        ...shape,
        port,
        pid,
        checkAt: name === 'floor' ? -1 : shape.checkAt,
        warmupS: round === 0 ? pace.warmupS : REWARM_S,
        measureS: pace.measureS,
      }
      contender.prepare?.()
      const run = await runLoad(pace.binary, load, () => contender.subject.takeStall()).catch(
        cause => Promise.reject(new Error(`${shape.work} on ${contender.label} failed`, { cause })),
      )
      runs.set(contender, [...(runs.get(contender) ?? []), shape.figures(run)])
      const stall = await contender.subject.takeStall()
      const worst = stalls.get(contender) ?? { cpuMs: 0, wallMs: 0 }
      if (stall !== null) {
        stalls.set(contender, {
          cpuMs: Math.max(worst.cpuMs, stall.cpuMs),
          wallMs: Math.max(worst.wallMs, stall.wallMs),
        })
      }
    }
  }
  return contenders.map(contender => {
    const stall = stalls.get(contender)
    const row: Row = {
      question: shape.question,
      work: shape.work,
      subject: contender.label,
      figures: {
        ...medianFigures(runs.get(contender) ?? []),
        ...(stall === undefined ? {} : { stallCpuMs: stall.cpuMs, stallWallMs: stall.wallMs }),
      },
    }
    printRow(row)
    return row
  })
}

export const perGigabyte = (run: LoadResult): Record<string, number> => ({
  cpuSPerGB: run.cpuS / run.gigabytes,
  MBps: (run.gigabytes * 1000) / run.seconds,
  p50Us: run.p50Us,
  p99Us: run.p99Us,
})

export const perRequest = (run: LoadResult): Record<string, number> => ({
  requestsPerS: run.responses / run.seconds,
  cpuUs: (run.cpuS * 1e6) / run.responses,
  cpuSPerGB: run.cpuS / run.gigabytes,
  p50Us: run.p50Us,
  p99Us: run.p99Us,
})

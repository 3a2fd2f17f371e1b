/** Figures as people and programs read them. */
import { writeFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'

/** One line of a result: what was measured, on whom, and the figures by name. */
export interface Row {
  readonly question: string
  readonly work: string
  readonly subject: string
  readonly figures: Readonly<Record<string, number>>
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

/** The median of each figure over rows that measured the same. */
export function medianFigures(
  rounds: readonly Readonly<Record<string, number>>[],
): Record<string, number> {
  const names = Object.keys(rounds[0] ?? {})
  return Object.fromEntries(
    names.map(name => [name, median(rounds.map(r => r[name] ?? Number.NaN))]),
  )
}

export function printRow(row: Row): void {
  const figures = Object.entries(row.figures).map(([name, value]) => `${name} ${short(value)}`)
  console.log(`${row.work.padEnd(44)} ${row.subject.padEnd(22)} ${figures.join('  ')}`)
}

function short(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

/** Keeps the rows beside a description of the machine; figures mean nothing without it. */
export function saveRows(file: string, rows: readonly Row[]): void {
  const machine = {
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    at: new Date().toISOString(),
  }
  writeFileSync(file, `${JSON.stringify({ machine, rows }, null, 2)}\n`)
}

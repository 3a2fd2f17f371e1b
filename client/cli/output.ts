/**
 * What commands print: tables for people, JSON for programs.
 *
 * Standard output is written through its descriptor and not `process.stdout`: a write has happened
 * when the call is over, and a closed pipe is an error where it arises.
 */
import { write, writeSync } from 'node:fs'
import { OutputClosed } from './failure.ts'

const STDOUT = 1
const STDERR = 2
/** How long to wait before writing again to a pipe that is full and does not block. */
const FULL_PIPE_MS = 5

/** Writes a line to standard output. Throws OutputClosed when nobody reads it any more. */
export function printLine(text: string): void {
  writeNow(STDOUT, `${text}\n`)
}

/** One JSON document a line, so that many can be read as a stream. */
export function printJson(value: unknown): void {
  printLine(JSON.stringify(value))
}

/** Writes a line to standard error; where nobody reads that, nothing. */
export function printNote(text: string): void {
  printProgress(`${text}\n`)
}

/** Writes to standard error as it is: what is to be overwritten begins with a carriage return. */
export function printProgress(text: string): void {
  try {
    writeNow(STDERR, text)
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error
  }
}

/**
 * Columns as wide as their longest cell, two spaces between; numbers to the right. Nothing but the
 * heading is printed for no rows.
 */
export function printTable(headings: readonly string[], rows: readonly (readonly Cell[])[]): void {
  printLine(tableLines(headings, rows).join('\n'))
}

/** `null` is printed as a dash. */
export type Cell = string | number | null

/** The lines `printTable` prints. */
export function tableLines(
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): string[] {
  const texts = rows.map(row => row.map(cell => (cell === null ? '-' : String(cell))))
  const widths = headings.map((heading, column) =>
    texts.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), heading.length),
  )
  const isNumber = headings.map(
    (_, column) =>
      rows.some(row => typeof row[column] === 'number') &&
      rows.every(row => typeof row[column] === 'number' || row[column] === null),
  )
  return [headings, ...texts].map(row =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return isNumber[column] ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** "1 record", "2 records", "1,000 records"; the plural is given where it is not by an s. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${grouped(count)} ${count === 1 ? noun : nouns}`
}

/** Thousands by commas, everywhere the same. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** "12 bytes", "3.4 MiB". */
export function sizeText(sizeBytes: number): string {
  if (sizeBytes < 1024) return plural(sizeBytes, 'byte')
  const units = ['KiB', 'MiB', 'GiB', 'TiB']
  const power = Math.min(units.length, Math.floor(Math.log2(sizeBytes) / 10))
  return `${(sizeBytes / 1024 ** power).toFixed(1)} ${units[power - 1]}`
}

/**
 * Writes buffers to standard output off the loop: while the reader is slow the loop goes on (a
 * member of a group keeps its seat) and the caller waits. Rejects with OutputClosed.
 */
export async function writeRecords(buffers: readonly Buffer[]): Promise<void> {
  const bytes = buffers.length === 1 ? (buffers[0] as Buffer) : Buffer.concat(buffers)
  for (let at = 0; at < bytes.length; ) at += await writeSome(bytes, at)
}

function writeSome(bytes: Buffer, at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(STDOUT, bytes, at, bytes.length - at, null, (error, written) => {
      if (error === null) resolve(written)
      else if (error.code === 'EAGAIN') setTimeout(() => resolve(0), FULL_PIPE_MS)
      else reject(writeFailure(error))
    })
  })
}

function writeNow(descriptor: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at)
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error)) throw error
      if (error.code !== 'EAGAIN') throw writeFailure(error)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_MS)
    }
  }
}

function writeFailure(error: Error & { code?: unknown }): Error {
  return error.code === 'EPIPE' ? new OutputClosed('nobody reads the output') : error
}

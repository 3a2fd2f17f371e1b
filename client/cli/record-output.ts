/** Records on their way to standard output. */
import { writeRecords } from './output.ts'
import { jsonOf, type PrintableRecord, type RecordPrinter } from './record-format.ts'

/** Written at once; more would only wait in memory. */
const WRITE_BYTES = 1 << 20

/** A printer of one JSON object a line. */
export function jsonPrinter(): RecordPrinter {
  return record => [Buffer.from(`${JSON.stringify(jsonOf(record))}\n`)]
}

/** A printer of what `print` gives, with a delimiter after each record. */
export function delimited(print: RecordPrinter, delimiter: string): RecordPrinter {
  const end = Buffer.from(delimiter)
  return record => [...print(record), end]
}

/**
 * Prints records in order, waiting for whoever reads them. Resolves with how many were written:
 * all, unless `failure` says why not.
 */
export async function print(
  records: readonly PrintableRecord[],
  printer: RecordPrinter,
): Promise<{ readonly printed: number; readonly failure: unknown }> {
  let printed = 0
  let pieces: Buffer[] = []
  let sizeBytes = 0
  try {
    for (const [at, record] of records.entries()) {
      for (const piece of printer(record)) {
        pieces.push(piece)
        sizeBytes += piece.length
      }
      if (sizeBytes < WRITE_BYTES && at < records.length - 1) continue
      await writeRecords(pieces)
      printed = at + 1
      pieces = []
      sizeBytes = 0
    }
    return { printed, failure: null }
  } catch (failure) {
    return { printed, failure }
  }
}

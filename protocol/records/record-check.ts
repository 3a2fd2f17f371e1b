/**
 * Looks at every record of a batch where it lies, without making objects of them: a hostile or
 * broken producer must not get bytes into a log that a reader stumbles over later.
 */
import { CorruptRecords } from './corrupt-records.ts'
import { type CheckedRecords, plainRecords, type RecordRules, RecordWalk } from './record-walk.ts'

export {
  type CheckedRecords,
  FAILED_RECORDS_MAX,
  type RecordFault,
  type RecordRules,
} from './record-walk.ts'

/**
 * Checks that `bytes` from `start` on (expanded) are exactly `count` records with offset deltas as
 * the rules ask, every length within bounds and no null header key; lists records that break the
 * rules for times and keys. Never throws on any bytes.
 */
export function checkRecords(
  bytes: Buffer,
  count: number,
  rules: RecordRules,
  start = 0,
): CheckedRecords {
  const walk = new RecordWalk(bytes, rules, count, start)
  let index = 0
  try {
    while (index < count) {
      index = plainRecords(walk, index, count)
      if (index === count) break
      walk.record(index)
      index += 1
    }
    if (walk.at !== bytes.length) throw new CorruptRecords('bytes follow the last record')
    return walk.result(null)
  } catch (error) {
    if (!(error instanceof CorruptRecords)) throw error
    return walk.result({ reason: error.message, recordIndex: index })
  }
}

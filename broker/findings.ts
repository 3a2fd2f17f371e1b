/** What storage finds wrong on disk, told: a line in the log each, and damage as a condition. */
import type { Logger } from '../host/host.ts'
import type { LoadFinding } from '../storage/log-directory.ts'
import type { Conditions } from './conditions.ts'

/** A listener for `LogDirectoryOptions.onFinding`. */
export function findingTeller(
  conditions: Conditions,
  log: Pick<Logger, 'info' | 'warn'>,
): (finding: LoadFinding) => void {
  return finding => {
    const { kind, path, reason, bytes } = finding
    const fields = bytes === undefined ? { kind, path } : { kind, path, bytes }
    if (kind === 'removed') log.info(fields, `${path}: ${reason}`)
    else log.warn(fields, `${path}: ${reason}`)
    if (kind !== 'damaged') return
    conditions.set(
      'damaged-log',
      path,
      'error',
      `${path} is damaged: ${reason}. What is whole is served; \`ottla storage repair\` takes ` +
        'the damaged part out once the broker is stopped.',
    )
  }
}

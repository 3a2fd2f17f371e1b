/** `ottla start`: a broker in this process. It tells of its own failures and sets the exit code. */
import { startBroker } from '../../../broker/main.ts'

export async function start(file: string | undefined, overrides: readonly string[]): Promise<void> {
  const settings = overrides.flatMap(override => ['--override', override])
  await startBroker(['start', ...settings, ...(file === undefined ? [] : ['--', file])])
}

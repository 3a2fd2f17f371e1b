import { expect, test } from 'vitest'
import { LeveledLog, LoggerLevels } from '../../host/log-levels.ts'
import { RecordedLog } from '../../host/sim/logger.ts'

test('a logger writes what its own level or that of root lets through', () => {
  const sink = new RecordedLog()
  const levels = new LoggerLevels('info')
  const root = new LeveledLog(sink, levels)
  const groups = root.child({ part: 'groups' }).child({ partition: 3 })
  const written = () => {
    const before = sink.lines.length
    for (const log of [root, groups]) {
      log.debug({}, 'debug')
      log.warn({}, 'warn')
    }
    return sink.lines.slice(before).map(({ level }) => level)
  }
  expect(written()).toEqual(['warn', 'warn'])
  levels.set('groups', 'debug')
  expect(written()).toEqual(['warn', 'debug', 'warn'])
  levels.set('root', 'silent')
  expect(written()).toEqual(['debug', 'warn'])
  levels.reset('groups')
  expect(written()).toEqual([])
  expect([...levels.all()]).toEqual([
    ['root', 'silent'],
    ['groups', 'silent'],
  ])
})

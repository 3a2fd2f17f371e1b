import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { tooOld } from '../../../client/cli/node-version.ts'

test('a Node older than package.json asks for is refused by name', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8'))
  expect(engines.node).toBe('>=22.15')
  for (const version of ['20.20.2', '22.14.0']) {
    expect(tooOld(version)).toMatch(`needs Node 22.15 or newer, this is ${version}: `)
  }
  for (const version of ['22.15.0', '24.0.0', '26.10.0']) expect(tooOld(version)).toBeNull()
})

/**
 * The package as npm would deliver it: packed, installed in an empty folder, and used by every test
 * runner, module system and compiler setting that docs/first-test.md names, on every Node line that
 * `engines` in package.json allows.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { copyOfCheckout, root } from './support/checkout.ts'
import { COMPILERS, NEST_PROGRAM, PROGRAMS, TYPED_PROGRAM } from './support/package-programs.ts'

/** The oldest of each line that `engines` allows; Node 26 is the one that runs this suite. */
const NODES: readonly (readonly [name: string, version: string])[] = [
  ['node22', '22.15.0'],
  ['node24', '24.11.0'],
  ['node26', process.versions.node],
]
const TOO_OLD = ['node20', '20.19.0'] as const

const user = mkdtempSync(join(tmpdir(), 'ottla-packed-'))

beforeAll(() => {
  using checkout = copyOfCheckout()
  run('node_modules/.bin/node', ['scripts/build.ts'], checkout.folder)
  run('npm', ['pack', '--pack-destination', user], checkout.folder)
  writeFileSync(join(user, 'package.json'), '{ "private": true }')
  const nodes = [...NODES, TOO_OLD].map(([name, version]) => {
    return `${name}@npm:node-${process.platform}-${process.arch}@${version}`
  })
  const { devDependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  const others = ['kafkajs', 'vitest', '@types/node'].map(
    name => `${name}@${devDependencies[name]}`,
  )
  const nest = ['common', 'core', 'microservices'].map(name => `@nestjs/${name}@^11`)
  const fixed = ['jest@^30', 'typescript@~5.9', 'reflect-metadata@^0.2', 'rxjs@^7']
  const packed = `./ottla-${JSON.parse(readFileSync(`${root}package.json`, 'utf8')).version}.tgz`
  const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts']
  run('npm', [...install, packed, ...nodes, ...others, ...nest, ...fixed], user)
  for (const [name, text] of Object.entries(PROGRAMS)) {
    mkdirSync(dirname(join(user, name)), { recursive: true })
    writeFileSync(join(user, name), text)
  }
}, 600_000)
afterAll(() => rmSync(user, { recursive: true, force: true }))

function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`)
  return stdout
}

const nodeAt = (name: string) => join(user, 'node_modules', name, 'bin/node')

describe.each(NODES)('under %s (%s)', name => {
  const ours = (...args: string[]) => run(nodeAt(name), args, user)

  test('vitest runs a test against a broker in its process', () => {
    expect(ours('node_modules/vitest/vitest.mjs', 'run', '--dir', 'vitest')).toContain('1 passed')
  })

  test('jest runs one without any flag', () => {
    ours('node_modules/jest/bin/jest.js', '--config', 'jest/jest.config.js')
  })

  test('node:test runs one', () => {
    expect(ours('--test', '--test-reporter=tap', 'node-test/orders.test.mjs')).toContain('# pass 1')
  })

  test.each(['require.cjs', 'dynamic-import.cjs', 'import.mjs'])('%s', file => {
    expect(ours(file)).toBe('two apples\n')
  })

  test('the command runs', () => {
    const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
    expect(ours('node_modules/ottla/dist/ottla.js', '--version')).toBe(`${version}\n`)
  })
})

test.each(['import.mjs', 'require.cjs', 'node_modules/ottla/dist/ottla.js'])(
  'under a Node that is too old %s says so in one sentence',
  file => {
    const sentence = `ottla needs Node 22.15 or newer, this is ${TOO_OLD[1]}`
    expect(() => run(nodeAt(TOO_OLD[0]), [file], user)).toThrow(sentence)
  },
)

test('the test of docs/first-test.md passes', () => {
  const page = readFileSync(`${root}docs/first-test.md`, 'utf8')
  const [, program = ''] = /^```js\n([\s\S]*?)^```/m.exec(page) ?? []
  mkdirSync(join(user, 'page'))
  writeFileSync(join(user, 'page/first.test.mjs'), program)
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--dir', 'page']
  expect(run(nodeAt('node24'), args, user)).toContain('1 passed')
})

describe('TypeScript 5.9, all declarations checked', () => {
  test.each(COMPILERS)('%s', (name, file, options) => {
    const folder = join(user, `types-${name.replaceAll(/\W+/g, '-')}`)
    const compilerOptions = {
      ...{ target: 'es2022', strict: true, skipLibCheck: false, noEmit: true, types: ['node'] },
      ...options,
    }
    mkdirSync(folder)
    writeFileSync(join(folder, file), TYPED_PROGRAM)
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }))
    run(nodeAt('node24'), ['node_modules/typescript/bin/tsc', '-p', folder], user)
  })
})

test('a NestJS microservice over kafkajs answers', () => {
  const folder = join(user, 'nest')
  const compilerOptions = {
    ...{ target: 'es2022', module: 'commonjs', moduleResolution: 'node10', strict: true },
    ...{ experimentalDecorators: true, emitDecoratorMetadata: true, skipLibCheck: true },
  }
  mkdirSync(folder)
  writeFileSync(join(folder, 'main.ts'), NEST_PROGRAM)
  const config = { compilerOptions, files: ['main.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  run(nodeAt('node24'), ['node_modules/typescript/bin/tsc', '-p', folder], user)
  expect(run(nodeAt('node24'), ['nest/main.js'], user)).toBe('{"cooked":"soup"}\n')
})

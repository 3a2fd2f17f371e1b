/** Values to set configs to, by Kafka's numbers for their types: good ones, bad ones, odd ones. */
const NUMBERS = [
  ...[
    '7',
    ' 7 ',
    '+7',
    '007',
    '-0',
    '0',
    '-1',
    '-2',
    '',
    ' ',
    'x',
    '1.5',
    '1e3',
    '7k',
    '0x7',
    '1_0',
  ],
  ...['70000', '50000', '2147483647', '2147483648', '9223372036854775807', '9223372036854775808'],
]
const DOUBLES = [' 0.3 ', '+.3', '3e-1', '0.30f', '1', '-1', 'x', '', '1e9', '0.0001', '2.']
const BOOLEANS = ['TRUE', ' false ', 'True', 'yes', '1', '', 'x']
const LISTS = ['a', ' a , b ', 'a,a', 'a,,b', ',', '', ' ', 'delete', 'delete, compact', '0:1', '*']
const STRINGS = [
  ' x ',
  '',
  ' ',
  'X',
  ' gzip ',
  'GZIP',
  'LogAppendTime',
  'logappendtime',
  '127.0.0.1:5',
]
const CLASSES = ['no.such.Class', '']
const PASSWORDS = ['hush', '']

const BY_TYPE: Readonly<Record<number, readonly string[]>> = {
  1: BOOLEANS,
  2: STRINGS,
  3: NUMBERS,
  4: NUMBERS,
  5: NUMBERS,
  6: DOUBLES,
  7: LISTS,
  8: CLASSES,
  9: PASSWORDS,
}

/** What to try on a config of this type. */
export function valuesOf(configType: number): readonly string[] {
  return BY_TYPE[configType] ?? []
}

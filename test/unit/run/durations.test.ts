import { expect, test } from 'vitest';
import type { ParameterSet } from '../../../common/parameters.js';
import { constantClients } from '../../../harness/run/executors/constant-clients.js';

const parse = (options: ParameterSet) => constantClients.parse({ clients: 1, ...options });

test.each<[ParameterSet, ParameterSet]>([
  [{ duration: '8h' }, { seconds: 28_800 }],
  [
    { duration: '90s', warmUp: '1.5s', timeout: '250ms' },
    { seconds: 90, warmUp: 1.5, timeout: 0.25 },
  ],
  [{ seconds: '10m' }, { seconds: 600 }],
  [{ seconds: 10 }, { seconds: 10 }],
])('%j is %j', (given, wanted) => {
  expect(parse(given)).toMatchObject({ state: 'ok', options: wanted });
  const { options } = parse(given) as { options: ParameterSet };
  expect(options).not.toHaveProperty('duration');
});

test.each<[ParameterSet, string]>([
  [{ duration: 10 }, 'duration must be a number with its unit, such as 30s, 10m or 8h (got 10)'],
  [
    { duration: '8 hours' },
    'duration must be a number with its unit, such as 30s, 10m or 8h (got "8 hours")',
  ],
  [{ duration: '8h', seconds: 3 }, 'duration is the same as seconds: give one of them (got "8h")'],
  [{ seconds: '25h' }, 'seconds must be a number from 0.1 to 86400 s, or a duration such as 30s, 10m or 8h'],
  [{ warmUp: 'long' }, 'warmUp must be a number from 0 to 3600 s, or a duration such as 30s, 10m or 8h'],
])('%j is refused', (given, text) => {
  const parsed = parse(given);
  const issues = parsed.state === 'invalid' ? parsed.issues : [];
  expect(
    issues.map(({ path, what, got }) => `${path.join('.')} ${what} (got ${JSON.stringify(got)})`).join('\n'),
  ).toContain(text);
});

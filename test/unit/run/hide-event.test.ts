import { describe, expect, test } from 'vitest';
import { FailureError, InputError } from '../../../common/errors.js';
import { keepSecrets } from '../../../common/secrets.js';
import type { RunEvent } from '../../../harness/model/events.js';
import { hideEvent } from '../../../harness/run/hide-event.js';

/** Of this test alone: unit tests share a process. */
const KEY = 'hide-event-Test-9f8e7d6c5b4a';
keepSecrets([{ name: 'HIDE_EVENT_KEY', value: KEY }]);
const time = '2026-01-01T00:00:00.000Z';

describe('what servers and clients say in an event', () => {
  test('versions, details, images and settings that took effect hold no secret; our own names stay', () => {
    const events = [
      {
        type: 'buildEnd',
        time,
        build: 'qdrant.m-8',
        attempt: 1,
        state: 'failed',
        error: `no: ${KEY}`,
        cost: {
          engineVersion: `1.0-${KEY}`,
          details: { [KEY]: `x ${KEY}` },
          server: { mode: 'docker', image: `registry/${KEY}:1`, imageVersion: KEY, digest: 'sha256:0' },
        },
      },
      {
        type: 'trialEnd',
        time,
        build: 'b',
        trial: 't',
        state: 'completed',
        flags: [],
        effective: { ef: KEY },
      },
      { type: 'notice', time, message: `pulling ${KEY}` },
    ] as unknown as RunEvent[];
    for (const event of events) {
      const hidden = hideEvent(event);
      expect(JSON.stringify(event)).toContain(KEY);
      expect(JSON.stringify(hidden)).not.toContain(KEY);
      expect(hidden.type).toBe(event.type);
    }
    expect(hideEvent(events[0]!)).toMatchObject({
      build: 'qdrant.m-8',
      cost: { server: { mode: 'docker' } },
    });
  });
});

test('a value is hidden before it is shortened: half of a secret would not be known for one', () => {
  const address = `ftp://admin:pass@db-primary.internal.example.com/a/long/path/before/it/${KEY}/x`;
  for (const Kind of [InputError, FailureError]) {
    const { message } = new Kind('cannot be used', { where: 'url', got: address });
    expect(message).toContain('…');
    for (let length = 8; length <= KEY.length; length++) expect(message).not.toContain(KEY.slice(0, length));
  }
});

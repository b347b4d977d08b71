import { describe, expect, test } from 'vitest';
import { slice } from './data.js';
import { build, contenders } from './session.js';

for (const { name, definition, facts, missing, suffix } of contenders) {
  const { deterministicBuild } = definition.capabilities;
  describe.skipIf(missing !== undefined)(`${name}${suffix}`, () => {
    test.runIf(deterministicBuild !== 'never')(
      'one thread: two builds give the same answers and scores',
      async () => {
        expect(await answers(1)).toEqual(await answers(1));
      },
    );
    test.runIf(deterministicBuild === 'always')('any number of threads gives the same answers', async () => {
      expect(await answers(2)).toEqual(await answers(1));
    });
    test.runIf(deterministicBuild === 'never')('two builds differ', async () => {
      expect(await answers(1)).not.toEqual(await answers(1));
    });

    async function answers(threads: number) {
      const data = await slice('cosine', 1500, 50);
      const { index, search } = facts.rough ?? facts.wide;
      const session = await build(definition, data, { index, threads });
      const found = await session.search(search, 10);
      await session.close();
      return found;
    }
  });
}

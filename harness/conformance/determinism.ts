import type { TestApi } from './api.js';
import { slice } from './data.js';
import { type Answer, build, type Contender } from './session.js';

/** Whether two builds from the same batches answer alike, as `Capabilities.deterministicBuild` says. */
export function checkDeterminism({ test, expect }: TestApi, contender: Contender): void {
  const { definition, facts } = contender;
  const { deterministicBuild } = definition.capabilities;

  test.skipIf(deterministicBuild === 'never')(
    'one thread: two builds give the same answers and scores',
    async () => {
      expect(await answers(1)).toEqual(await answers(1));
    },
  );
  test.skipIf(deterministicBuild !== 'always')('any number of threads gives the same answers', async () => {
    expect(await answers(2)).toEqual(await answers(1));
  });
  test.skipIf(deterministicBuild !== 'never')('two builds differ', async () => {
    expect(await answers(1)).not.toEqual(await answers(1));
  });

  async function answers(threads: number): Promise<Answer[]> {
    const data = await slice('cosine', 1500, 50);
    const { index, search } = facts.rough ?? facts.wide;
    const session = await build(contender, data, { index, threads });
    const found = await session.search(search, 10);
    await session.close();
    return found;
  }
}

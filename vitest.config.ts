import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Leaves containers behind on purpose: any run with servers beside it would clean them up. */
const ALONE = ['test/servers/interrupt.test.ts'];

/** What takes longest begins first, so that it does not run alone at the end. */
const SLOWEST = ['sweeps', 'records', 'filters', 'matrix', 'conformance/', 'servers/', 'e2e/', 'browser/'];

class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const path = moduleId.replace(/.*\/test\//, '');
      const at = SLOWEST.findIndex((part) => path.startsWith(part) || path.startsWith(`conformance/${part}`));
      return at < 0 ? SLOWEST.length : at;
    };
    return files.toSorted((a, b) => rank(a) - rank(b) || (a.moduleId < b.moduleId ? -1 : 1));
  }
}

export default defineConfig({
  test: {
    globalSetup: ['test/global-setup.ts'],
    pool: 'forks',
    sequence: { sequencer: SlowestFirst },
    testTimeout: 120_000,
    hookTimeout: 180_000,
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
    projects: [
      {
        extends: true,
        test: {
          name: 'two at a time',
          include: ['test/**/*.test.ts'],
          exclude: ALONE,
          // Many tests wait for servers and child processes; more than two files would only wait for each other.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: ALONE, fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
});

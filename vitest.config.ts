import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Leaves containers behind on purpose: any run with servers beside it would clean them up. */
const ALONE = ['test/servers/interrupt.test.ts'];
const UNIT = ['test/unit/**/*.test.ts'];
/** Servers that fail, and runs with deadlines on them: beside three others they would be late for another reason. */
const SERVERS = ['test/servers/**/*.test.ts'];

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

/** Files at a time: those with servers and child processes wait more than they compute, so one more than there are cores. */
const maxWorkers = 3;

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
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...SERVERS, ...UNIT],
          // Of tests that may overlap: what they ask of a server, it answers after a wait of its own.
          maxConcurrency: 8,
          maxWorkers,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'unit',
          include: UNIT,
          // A process for several files: most are done sooner than a process is there.
          isolate: false,
          maxWorkers,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'servers',
          include: SERVERS,
          exclude: ALONE,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: ALONE, fileParallelism: false, sequence: { groupOrder: 2 } },
      },
    ],
  },
});

import type { Manifest } from '../model/manifest.js';
import { findBaseline } from '../store/baselines.js';
import { lockRun } from '../store/lock.js';
import { createPartFolder, createRunFolder } from '../store/run-folder.js';
import { beginRun } from './begin-run.js';
import { checkAgainstData, checkAvailability, shapeOf } from './check-builds.js';
import { checkDataRequest, openData } from './data.js';
import { compareWithLock, lockWarning } from './gate-lock.js';
import type { SuiteText } from './places.js';
import { planRun, type RunOptions } from './plan-run.js';
import { withRefusals } from './refused-groups.js';
import { need, type RunState } from './run-state.js';
import type { Task } from './tasks.js';
import { truthFor } from './truth-for.js';

type RunTask = Task<RunState>;

/** Where one dataset's part of a run over several is put. */
export interface PartPlace {
  path: string;
  partOf: NonNullable<Manifest['partOf']>;
}

export function planTask(suite: SuiteText, options: RunOptions, part = 0): RunTask {
  return {
    title: 'plan the suite',
    async setup(state) {
      state.planned = await planRun(suite, options, state.context, part);
      state.context.hide(state.planned.parsed.secrets);
    },
  };
}

/** A baseline that is not there is found before minutes are spent on measuring. */
export function baselineTask(baseline: string | undefined): RunTask {
  return {
    title: 'find the baseline',
    setup({ context }) {
      if (baseline !== undefined) findBaseline(context.runs, baseline);
    },
  };
}

export const lockTask: RunTask = {
  title: 'compare the gates with the locked ones',
  setup(state) {
    const { suite, parsed } = need(state, 'planned');
    state.lock = compareWithLock(suite.path, parsed.gates);
    state.warnings.push(...[lockWarning(state.lock) ?? []].flat());
  },
};

/** Everything about the data that can be known before a point is read: all that a dry run looks at. */
export const checkDataTask: RunTask = {
  title: 'check queries and filters against the dataset',
  async setup(state) {
    const { data } = need(state, 'planned');
    const { file, filters, fields } = data.grouping;
    if (file !== null || filters.length + fields.length > 0) await checkDataRequest(state.context, data);
  },
};

export const openDataTask: RunTask = {
  title: 'open the dataset',
  async setup(state) {
    state.data = await openData(state.context, need(state, 'planned').data);
    state.warnings.push(...state.data.warnings);
  },
  async teardown({ data }) {
    await data?.close();
  },
};

/** What does not fit the data is left out with its reason; nothing left is a fault. */
export const fitTask: RunTask = {
  title: 'check the builds against the data',
  setup(state) {
    const planned = need(state, 'planned');
    const data = need(state, 'data');
    const { builds, rebuilds, definitions, parsed, suite } = planned;
    const fields = parsed.suite.fields ?? [];
    const refusing = withRefusals([...builds, ...rebuilds], definitions, data, fields);
    const shape = shapeOf(data.info, parsed.ks.at(-1)!);
    const filtered = data.grouped !== undefined || fields.length > 0;
    const { builds: fitting, unfit } = refusing;
    state.unfit = checkAgainstData(fitting, definitions, shape, suite.given, unfit, filtered);
    // A run that is continued keeps the plan it began with.
    if (state.manifest !== undefined) return;
    state.planned = {
      ...planned,
      builds: refusing.builds.slice(0, builds.length),
      rebuilds: refusing.builds.slice(builds.length),
    };
  },
};

export const truthTask: RunTask = {
  title: 'find the exact neighbours',
  async setup(state) {
    state.truth = await truthFor(state.context, need(state, 'data'), need(state, 'planned').parsed.ks);
    state.warnings.push(...state.truth.warnings);
  },
};

export const availabilityTask: RunTask = {
  title: 'look for the engines',
  async setup(state) {
    const { builds, rebuilds, parsed } = need(state, 'planned');
    const found = await checkAvailability([...builds, ...rebuilds], parsed.suite.threads, state.context);
    state.unavailable = found.unavailable;
    state.packages = found.packages;
    state.native = found.native;
  },
};

/** Makes the run's folder with all that is known before the first measurement; it is held until the run has ended. */
export function newFolderTask(options: RunOptions, place?: PartPlace): RunTask {
  return {
    title: 'make the run folder',
    async setup(state) {
      const planned = need(state, 'planned');
      const folder =
        place === undefined
          ? createRunFolder(state.context.runs, planned.parsed.suite.name, new Date())
          : createPartFolder(place.path);
      state.folder = folder;
      state.unlock = lockRun(folder);
      state.finished = new Set();
      state.manifest = await beginRun({
        folder,
        planned,
        data: need(state, 'data'),
        truth: need(state, 'truth'),
        packages: need(state, 'packages'),
        options: place === undefined ? options : { ...options, dataset: planned.data.name },
        context: state.context,
        lock: need(state, 'lock'),
        partOf: place?.partOf,
      });
    },
    teardown: ({ unlock }) => unlock?.(),
  };
}

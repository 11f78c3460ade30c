import { expect } from 'chai';

interface Groups {
  findSpecs(long: boolean): string[];
  groupSpecs(files: string[]): { name: string; files: string[] }[];
}

describe('groupSpecs() of the test runner', () => {
  let groups: Groups;
  before(async () => {
    // Not typed: the scripts are plain JavaScript.
    groups = (await import(new URL('../../../scripts/test/groups.mjs', import.meta.url).href)) as Groups;
  });

  it('puts each spec file into exactly one group, and leaves no group empty, whichever folders are chosen', () => {
    const all = [...groups.findSpecs(false), ...groups.findSpecs(true)];
    const folders = new Set(all.map((file) => `spec/${file.split('/')[1]}/`));
    for (const folder of ['spec/', ...folders]) {
      const files = all.filter((file) => file.startsWith(folder));
      const found = groups.groupSpecs(files);
      expect(found.flatMap(({ files: members }) => members).sort()).to.deep.equal(files.sort());
      expect(found.filter(({ files: members }) => members.length === 0)).to.deep.equal([]);
    }
  });

  it('puts a single file into a group, also one whose recorded time is 0', () => {
    for (const file of groups.findSpecs(false)) {
      expect(groups.groupSpecs([file]).map(({ files }) => files)).to.deep.equal([[file]]);
    }
  });

  it('keeps a folder whose specs take less than five seconds in one group', () => {
    const files = groups.findSpecs(false).filter((file) => file.startsWith('spec/util/'));
    expect(groups.groupSpecs(files)).to.have.length(1);
  });
});

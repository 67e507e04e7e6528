/** Everything the pages say, once per language; the compiler sees to it that none is missing. */
export interface Words {
  readonly language: string;
  readonly title: string;
  readonly search: string;
  readonly searchButton: string;
  readonly repositories: (count: number) => string;
  readonly noRepositories: string;
  readonly nothingFound: (text: string) => string;
  readonly tag: string;
  readonly tags: (count: number) => string;
  readonly noTags: string;
  readonly digest: string;
  readonly size: string;
  readonly platforms: string;
  readonly pushed: string;
  readonly pull: string;
  readonly type: string;
  readonly layers: string;
  readonly annotations: string;
  readonly referrers: string;
  readonly image: string;
  readonly index: string;
  readonly all: string;
  readonly more: string;
  readonly notFound: string;
}

const ENGLISH: Words = {
  language: "en",
  title: "Registry",
  search: "Search repositories",
  searchButton: "Search",
  repositories: (count) => (count === 1 ? "1 repository" : `${count} repositories`),
  noRepositories: "There are no repositories yet. Push an image, and it will be shown here.",
  nothingFound: (text) => `No repository has “${text}” in its name.`,
  tag: "Tag",
  tags: (count) => (count === 1 ? "1 tag" : `${count} tags`),
  noTags: "This repository has no tags.",
  digest: "Digest",
  size: "Size",
  platforms: "Platforms",
  pushed: "Pushed",
  pull: "Pull it with",
  type: "Type",
  layers: "Layers",
  annotations: "Annotations",
  referrers: "Signatures and other things about it",
  image: "Image",
  index: "Index of images",
  all: "All repositories",
  more: "More",
  notFound: "There is no such repository or tag.",
};

const JAPANESE: Words = {
  language: "ja",
  title: "レジストリ",
  search: "リポジトリを検索",
  searchButton: "検索",
  repositories: (count) => `リポジトリ ${count} 件`,
  noRepositories: "リポジトリはまだありません。イメージをプッシュすると、ここに表示されます。",
  nothingFound: (text) => `名前に「${text}」を含むリポジトリはありません。`,
  tag: "タグ",
  tags: (count) => `タグ ${count} 件`,
  noTags: "このリポジトリにはタグがありません。",
  digest: "ダイジェスト",
  size: "サイズ",
  platforms: "プラットフォーム",
  pushed: "プッシュ日時",
  pull: "取得するコマンド",
  type: "種類",
  layers: "レイヤー",
  annotations: "アノテーション",
  referrers: "署名などの関連情報",
  image: "イメージ",
  index: "イメージのインデックス",
  all: "すべてのリポジトリ",
  more: "次へ",
  notFound: "そのようなリポジトリまたはタグはありません。",
};

/** The first of the languages a browser names that there is; English otherwise (RFC 9110, "Accept-Language"). */
export function wordsFor(acceptLanguage: string | null): Words {
  const wanted = (acceptLanguage ?? "")
    .split(",")
    .slice(0, 20)
    .map((entry) => {
      const [tag = "", quality] = entry.trim().split(/;\s*q=/);
      return { language: tag.toLowerCase().split("-")[0], quality: quality === undefined ? 1 : Number(quality) || 0 };
    })
    .filter(({ quality }) => quality > 0)
    .toSorted((a, b) => b.quality - a.quality);
  return wanted.map(({ language }) => [ENGLISH, JAPANESE].find((words) => words.language === language)).find(Boolean) ?? ENGLISH;
}

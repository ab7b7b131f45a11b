/** Save the picture as a file, or the request as a command, a program or JSON. */
import { Check, Copy, Download } from "lucide-react";
import { useEffect, useState } from "react";
import { api, assetUrl, takenUrl, type Texts } from "../api/client";
import { useText } from "../i18n";
import { Button } from "../parts/Button";
import { Dialog } from "../parts/Dialog";
import { reasonOf } from "../state/doing";
import { looked, useStudio, type Told } from "../state/store";
import { requestOf } from "../state/work";
import { download } from "./files";

const SUFFIXES = ["png", "jpg", "webp"] as const;

export function TakeDialog() {
  const text = useText();
  const asset = useStudio(looked);
  const made = useStudio((studio) =>
    Object.values(studio.jobs).find(({ result }) => result?.pictures.some(({ id }) => id === asset)),
  );
  const running = useStudio((studio) => (studio.staged ? studio.jobs[studio.staged] : undefined));
  const own = (running ?? made)?.request;
  const [texts, setTexts] = useState<Texts | null>(null);
  const [wrong, setWrong] = useState<Told | null>(null);
  useEffect(() => {
    Promise.resolve(own ?? requestOf())
      .then(({ kind, ...given }) => api.said(String(kind), given))
      .then(setTexts)
      .catch((error: unknown) => setWrong(reasonOf(error)));
  }, [own]);
  return (
    <Dialog title={text("take")}>
      <div className="take">
        {asset && <img src={assetUrl(asset)} alt={text("canvas.alt")} />}
        <div>
          <h3>{text("take.picture")}</h3>
          <p className="help">{text(made ? "take.inside" : "take.plain")}</p>
          <div className="row">
            {SUFFIXES.map((suffix) => (
              <Button
                key={suffix}
                icon={Download}
                onClick={() => asset && download(takenUrl(asset, suffix), `yuragi-${asset.slice(0, 8)}.${suffix}`)}
              >
                {suffix.toUpperCase()}
              </Button>
            ))}
          </div>
        </div>
      </div>
      <h3>{text("take.request")}</h3>
      {wrong && (
        <p className="notice" lang={wrong.lang}>
          {wrong.text}
        </p>
      )}
      {texts && (
        <>
          <Text name={text("take.command")} told={texts.command} />
          <Text name="Python" told={texts.python} />
          <Text name="JSON" told={texts.submission} />
        </>
      )}
    </Dialog>
  );
}

function Text({ name, told }: { name: string; told: string }) {
  const text = useText();
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void copyText(told).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <div className="code">
      <div className="field-head">
        <h4>{name}</h4>
        <Button icon={copied ? Check : Copy} look="quiet" onClick={copy}>
          {text(copied ? "copied" : "copy")}
        </Button>
      </div>
      <pre tabIndex={0} aria-label={name}>
        {told}
      </pre>
    </div>
  );
}

/** Browsers allow the clipboard only on pages from this machine or over HTTPS. */
async function copyText(told: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(told);
    return;
  }
  const area = document.createElement("textarea");
  area.value = told;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

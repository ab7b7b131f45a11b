/** The first thing that a new user sees: open a picture, or choose an example. */
import { ImagePlus, LoaderCircle } from "lucide-react";
import { useText } from "../i18n";
import { Examples } from "../panels/Examples";
import { Icon } from "../parts/Icon";
import { pickFile } from "../panels/files";
import { useStudio } from "../state/store";

export function Welcome() {
  const text = useText();
  const busy = useStudio((studio) => studio.busy);
  return (
    <section className="welcome" aria-label={text("welcome.title")}>
      <h1>{text("welcome.title")}</h1>
      <p>{text("welcome.lead")}</p>
      <button type="button" className="drop" onClick={() => pickFile()}>
        <Icon of={busy ? LoaderCircle : ImagePlus} size={28} />
        <strong>{text("welcome.open")}</strong>
        <span>{text("welcome.ways")}</span>
      </button>
      <p className="or">{text("welcome.examples")}</p>
      <Examples />
    </section>
  );
}

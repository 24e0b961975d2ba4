"""Step 1: a folder of tables and image files in, articles and images out.

The form of a corpus folder::

    my_corpus/
      corpus.json           optional: {"name": …, "backbone": …, "pretrained": …, "translator": …}
      RSS/
        train.csv           article_id,title,text,image
        test.csv
        images/             found by name, with or without ending
      RT/                   … the files of a NewsImages release, as they were published

Each sub-folder that holds tables is a data set of its name; tables directly in the corpus folder
are a data set too. Where the file names of one folder tell several data sets apart
(``GDELT-P1-Training.txt``, ``GDELT-P2-Test-Text.txt``), each name is a data set. A table of
``caption,image`` pairs serves pre-training and is passed over here.

The header of a table tells what it is:

- NewsImages 2021, 2022, 2023: ``article aid url img iid hashvalue title text imgFile``; training
  unless the file's name has the word ``test`` or ``gt`` (the ground truth).
- NewsImages 2025: ``article_id,article_url,article_title,article_tags,image_id,image_url``; 2026
  as that without tags, and ``N/A`` for what is not told.
- own data: ``article_id,title,text,image`` as CSV, TSV, TXT, Excel or Parquet.

The form is the first whose needed columns are all there. The latter two are test sets unless the
file's name has the word ``train`` or ``training``: their images are known, so they can be measured.

A sub-folder that holds a file ``.newsimages`` is the project's own output and is passed over.
"""

from newsimages.corpora.folder import Corpus, DataSet, read_corpus
from newsimages.corpora.image_files import OUTPUT_MARKER

__all__ = ["OUTPUT_MARKER", "Corpus", "DataSet", "read_corpus"]
